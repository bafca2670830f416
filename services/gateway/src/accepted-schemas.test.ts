/** A new schema is written with once all indexers read it. */
import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { encodeVectorRecord } from '@proximadb/record';
import { schemaText } from '@proximadb/schemas';
import type { Indexers, SchemaReader } from './indexers.ts';
import { call, deleteOf, errorOf, openFixture, upsertOf, type Fixture } from './testing/fixture.ts';

/** Indexers by their ids, with the schemas that they read. */
class Said implements Indexers {
  readonly #readers = new Map<string, readonly number[]>();
  readonly #listeners = new Set<() => void>();

  say(id: string, schemas: readonly number[]): void {
    this.#readers.set(id, schemas);
    for (const listener of this.#listeners) listener();
  }

  leave(id: string): void {
    this.#readers.delete(id);
    for (const listener of this.#listeners) listener();
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  list(): readonly SchemaReader[] {
    return [...this.#readers].map(([id, schemas]) => ({ id, schemas }));
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  }
}

/** Ids of our own three. */
const own = [1, 2, 3];

async function open(indexers: Said): Promise<Fixture> {
  const fixture = await openFixture({}, indexers);
  await fixture.collection();
  return fixture;
}

/** Of a client that knows a field more. */
async function newSchema({ registry }: Fixture): Promise<number> {
  const schema = JSON.parse(schemaText('VectorRecord')) as { fields: object[] };
  schema.fields.push({ name: 'origin', type: ['null', 'string'], default: null });
  return registry.register('proximadb-VectorRecord', JSON.stringify(schema));
}

/** The new field is null: a branch's number more. */
function recordOf(schemaId: number, id: string): Uint8Array {
  return Buffer.concat([encodeVectorRecord(schemaId, { id, vector: [1, 2] }), new Uint8Array(1)]);
}

describe('a schema that comes into use', () => {
  test('is refused with the names of the indexers that do not read it, and written with once they do, for good', async () => {
    const indexers = new Said();
    indexers.say('new', [...own, 4]);
    indexers.say('old', own);
    await using fixture = await open(indexers);
    const id = await newSchema(fixture);
    const write = (name: string) => fixture.gateway.upsert(upsertOf({ records: [recordOf(id, name)] }), call());
    const [first, second] = await Promise.all([errorOf(write('a')), errorOf(write('b'))]);
    assert.equal(first.code, 'UNAVAILABLE');
    assert.match(first.message, /schema id 4 .* since old cannot read .* upgraded first; nothing was written/);
    assert.deepEqual([second.message, first.retryAfterMs], [first.message, 1_000]);
    assert.equal(fixture.appends.length, 0);
    await fixture.gateway.upsert(upsertOf({ records: [fixture.record({ id: 'c' })] }), call());

    indexers.say('old', [...own, 4]);
    await write('a');
    indexers.say('old', own);
    await write('b');
    assert.equal(fixture.appends.length, 3);
    assert.equal(indexers.listeners, 0);
  });

  test('is waited for where the last indexer is about to say it, or about to be gone', async () => {
    const indexers = new Said();
    indexers.say('one', own);
    indexers.say('dying', own);
    await using fixture = await open(indexers);
    const id = await newSchema(fixture);
    const written = fixture.gateway.upsert(upsertOf({ records: [recordOf(id, 'a')] }), call());
    setTimeout(() => { indexers.say('one', [...own, id]); }, 50);
    setTimeout(() => { indexers.leave('dying'); }, 100);
    assert.equal((await written).versions.length, 1);
  });

  test('does not wait for an indexer that did not say yet what it reads', async () => {
    const indexers = new Said();
    indexers.say('starts', []);
    await using fixture = await open(indexers);
    const written = await fixture.gateway.upsert(upsertOf({ records: [recordOf(await newSchema(fixture), 'a')] }), call());
    assert.equal(written.versions.length, 1);
  });

  test('is held back where the gateway itself writes with it: deletes', async () => {
    const indexers = new Said();
    indexers.say('old', [1, 2]);
    await using fixture = await open(indexers);
    const remove = () => fixture.gateway.delete(deleteOf({ ids: ['a'] }), call());
    assert.match((await errorOf(remove())).message, /schema id 3 /);
    assert.equal(fixture.appends.length, 0);
    indexers.say('old', own);
    await remove();
    assert.equal(fixture.appends.length, 1);
  });
});
