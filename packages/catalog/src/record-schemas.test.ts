import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { AppError, type Code } from '@proximadb/errors';
import { offset, partition, type Log } from '@proximadb/log';
import { encodeVectorRecord } from '@proximadb/record';
import { schemaText } from '@proximadb/schemas';
import { Catalog, type CatalogOptions } from './catalog.ts';
import { CatalogCodec, textFingerprint, type SchemaUsed } from './events.ts';
import { catalogTopic } from './journal.ts';
import { EmbeddedRegistry, type SchemaRegistry } from './registry.ts';
import { ScratchLog } from './scratch-log.ts';
import { FaultyRegistry } from './scratch-registry.ts';

/** A VectorRecord of tomorrow: a field more. */
const evolved = evolve('VectorRecord', { name: 'origin', type: ['null', 'string'], default: null });

function evolve(name: 'VectorRecord' | 'PatchRecord', field: object): string {
  const schema = JSON.parse(schemaText(name)) as { fields: unknown[] };
  schema.fields.push(field);
  return JSON.stringify(schema);
}

function open(log: Log, registry: SchemaRegistry, options: Partial<CatalogOptions> = {}): Promise<Catalog> {
  return Catalog.open({ log, registry, ...options });
}

/** What the catalog's log says about schemas, in its order. */
async function schemasUsed(log: Log): Promise<SchemaUsed[]> {
  const codec = new CatalogCodec();
  const { records, next, end } = await log.read(catalogTopic, partition(0), offset(0), 16 * 1024 * 1024);
  assert.equal(next, end);
  return records.map((record) => codec.decode(record).event).filter((event) => event.kind === 'schema_used');
}

function failsWith(code: Code, part: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, code, error.message);
    assert.ok(error.message.includes(part), error.message);
    return true;
  };
}

test('our own schemas are registered and in use from the first open on, once', async () => {
  await using scratch = await ScratchLog.open();
  const registry = await EmbeddedRegistry.open(scratch.log);
  for (let time = 0; time < 2; time++) {
    await using catalog = await open(scratch.log, registry);
    await using other = await open(scratch.log, registry);
    for (const name of ['VectorRecord', 'PatchRecord', 'DeleteRecord'] as const) {
      const id = catalog.schemas.idOf(name);
      assert.equal(other.schemas.idOf(name), id);
      assert.equal(await registry.byId(id), schemaText(name));
      assert.equal(catalog.schemas.text(id), schemaText(name));
    }
  }
  assert.deepEqual((await schemasUsed(scratch.log)).map(({ id, schema }) => [id, schema]),
    (['VectorRecord', 'PatchRecord', 'DeleteRecord'] as const).map((name, place) => [place + 1, schemaText(name)]));
});

test('a known walker is there without waiting, and reads our records', async () => {
  await using scratch = await ScratchLog.open();
  await using catalog = await open(scratch.log, await EmbeddedRegistry.open(scratch.log));
  const id = catalog.schemas.idOf('VectorRecord');
  const walker = catalog.schemas.walker(id);
  assert.ok(!(walker instanceof Promise));
  assert.equal(walker.kind, 'upsert');
  const view = walker.check(encodeVectorRecord(id, { id: 'x', vector: [1, 2] }), { dimension: 2, metric: 'cosine', recordBytesMax: 1024 });
  assert.equal(view.id, 'x');
  assert.equal(catalog.schemas.walker(id), walker);
});

test('an unknown schema id is refused with its number, briefly without asking again, and accepted once it exists', async () => {
  await using scratch = await ScratchLog.open();
  const registry = new FaultyRegistry(await EmbeddedRegistry.open(scratch.log));
  let nowMs = 0;
  await using catalog = await open(scratch.log, registry, { monotonicClock: () => nowMs });
  const refused = (id: number): Promise<void> => (
    assert.rejects(async () => catalog.schemas.walker(id), failsWith('INVALID_ARGUMENT', `unknown schema id ${id}`))
  );
  for (const id of [0, 4, 0x7fff_ffff, 0xffff_ffff]) await refused(id);
  assert.throws(() => catalog.schemas.text(4), failsWith('INVALID_ARGUMENT', 'unknown schema id 4'));
  const { questions } = registry;
  nowMs = 4_999;
  await refused(4);
  assert.equal(registry.questions, questions);
  assert.equal(await registry.register('proximadb-VectorRecord', evolved), 4);
  nowMs = 5_001;
  assert.equal((await catalog.schemas.walker(4)).kind, 'upsert');
});

test('an evolved schema of ours is accepted, and its use is written once however many ask', async () => {
  await using scratch = await ScratchLog.open();
  const registry = await EmbeddedRegistry.open(scratch.log);
  await using one = await open(scratch.log, registry);
  await using other = await open(scratch.log, registry);
  const id = await registry.register('proximadb-VectorRecord', evolved);
  const walkers = await Promise.all([1, 2, 3].map(async () => one.schemas.walker(id)));
  assert.equal(new Set(walkers).size, 1);
  await other.schemas.walker(id);
  assert.equal((await schemasUsed(scratch.log)).filter((used) => used.id === id).length, 1);
  assert.equal(other.schemas.text(id), evolved);
  await using later = await open(scratch.log, registry);
  assert.ok(!(later.schemas.walker(id) instanceof Promise));
});

test('a schema that is no record of ours is refused, and is not in use', async () => {
  await using scratch = await ScratchLog.open();
  const registry = await EmbeddedRegistry.open(scratch.log);
  await using catalog = await open(scratch.log, registry);
  const id = await registry.register('foreign', JSON.stringify({ type: 'record', name: 'Foreign', fields: [{ name: 'id', type: 'string' }] }));
  for (let time = 0; time < 2; time++) {
    await assert.rejects(async () => catalog.schemas.walker(id), failsWith('INVALID_ARGUMENT', `schema id ${id}`));
  }
  assert.equal((await schemasUsed(scratch.log)).length, 3);
});

test('without the registry everything goes on but new schema ids, and those as soon as it is back', async () => {
  await using scratch = await ScratchLog.open();
  const registry = new FaultyRegistry(await EmbeddedRegistry.open(scratch.log));
  registry.down = true;
  await assert.rejects(open(scratch.log, registry), failsWith('UNAVAILABLE', 'registry'));
  registry.down = false;
  await (await open(scratch.log, registry))[Symbol.asyncDispose]();
  const id = await registry.register('proximadb-PatchRecord', evolve('PatchRecord', { name: 'why', type: 'string', default: '' }));
  registry.down = true;
  await using catalog = await open(scratch.log, registry);
  assert.equal((await catalog.schemas.walker(catalog.schemas.idOf('PatchRecord'))).kind, 'patch');
  await assert.rejects(async () => catalog.schemas.walker(id), failsWith('UNAVAILABLE', 'registry'));
  registry.down = false;
  assert.equal((await catalog.schemas.walker(id)).kind, 'patch');
});

test('a registry that is slow with its first answers is asked anew; one that never answers is not for ever', async () => {
  await using scratch = await ScratchLog.open();
  const real = await EmbeddedRegistry.open(scratch.log);
  let silent = 5;
  let asked = 0;
  const registry: SchemaRegistry = {
    byId: (id) => real.byId(id),
    register: async (subject, text) => {
      asked++;
      if (silent-- > 0) throw new AppError('UNAVAILABLE', 'the registry does not answer in time');
      return real.register(subject, text);
    },
  };
  await using catalog = await open(scratch.log, registry);
  assert.equal(asked, 5 + 3);
  assert.equal(catalog.schemas.text(catalog.schemas.idOf('VectorRecord')), schemaText('VectorRecord'));
  silent = Infinity;
  await using other = await ScratchLog.open();
  await assert.rejects(open(other.log, registry), failsWith('UNAVAILABLE', 'in time'));
});

test('the catalog wins over a registry that says something else, and an operator is told', async () => {
  await using scratch = await ScratchLog.open();
  const registry = new FaultyRegistry(await EmbeddedRegistry.open(scratch.log));
  await using early = await open(scratch.log, registry);
  const id = early.schemas.idOf('VectorRecord');
  registry.texts.set(id, schemaText('PatchRecord'));
  assert.equal((await early.schemas.walker(id)).kind, 'upsert');
  await assert.rejects(open(scratch.log, registry), failsWith('DATA_LOSS', `schema id ${id}`));
  registry.texts.set(id, JSON.stringify(JSON.parse(schemaText('VectorRecord')), null, 2));
  await (await open(scratch.log, registry))[Symbol.asyncDispose]();
});

test('two processes whose registries disagree about a new id do not both use it', async () => {
  await using scratch = await ScratchLog.open();
  const real = await EmbeddedRegistry.open(scratch.log);
  const registries = [new FaultyRegistry(real), new FaultyRegistry(real)] as const;
  await using one = await open(scratch.log, registries[0]);
  await using other = await open(scratch.log, registries[1]);
  registries[0].texts.set(50, evolved);
  registries[1].texts.set(50, evolve('VectorRecord', { name: 'origin', type: 'string', default: '' }));
  // The other one has found nothing in the catalog and asks its registry, while the first is quicker.
  registries[1].beforeAnswer = async () => { await one.schemas.walker(50); };
  await assert.rejects(async () => other.schemas.walker(50), failsWith('DATA_LOSS', 'schema id 50'));
  assert.equal(one.schemas.text(50), evolved);
  assert.equal(one.schemas.text(50), other.schemas.text(50));
});

test('past their number new schemas are refused, and those in use are not', async () => {
  await using scratch = await ScratchLog.open();
  const registry = await EmbeddedRegistry.open(scratch.log);
  await using catalog = await open(scratch.log, registry, { schemasMax: 3 });
  const id = await registry.register('proximadb-VectorRecord', evolved);
  await assert.rejects(async () => catalog.schemas.walker(id), failsWith('RESOURCE_EXHAUSTED', 'no more'));
  await using roomy = await open(scratch.log, registry);
  await roomy.schemas.walker(id);
  assert.equal((await catalog.schemas.walker(id)).kind, 'upsert');
});

/** As the library for Java writes it, and so registries written in Java. */
function inJavaForm(text: string): string {
  const { type, name, ...rest } = JSON.parse(text) as { readonly type: string; readonly name: string };
  const dot = name.lastIndexOf('.');
  return JSON.stringify({ type, name: name.slice(dot + 1), namespace: name.slice(0, dot), ...rest });
}

test('a schema of ours that the registry gives in its own form is in use in ours', async () => {
  await using scratch = await ScratchLog.open();
  const registry = new FaultyRegistry(await EmbeddedRegistry.open(scratch.log));
  await using catalog = await open(scratch.log, registry);
  for (const id of [1, 2, 3]) registry.texts.set(id, inJavaForm(catalog.schemas.text(id)));
  registry.texts.set(50, inJavaForm(schemaText('VectorRecord')));
  assert.equal((await catalog.schemas.walker(50)).kind, 'upsert');
  assert.equal(catalog.schemas.text(50), schemaText('VectorRecord'));
  await using later = await open(scratch.log, registry);
  assert.equal(later.schemas.registryState.kind, 'agrees');
});

test('processes that use one schema in two forms do not contradict each other', async () => {
  await using scratch = await ScratchLog.open();
  const real = await EmbeddedRegistry.open(scratch.log);
  const registries = [new FaultyRegistry(real), new FaultyRegistry(real)] as const;
  await using one = await open(scratch.log, registries[0]);
  await using other = await open(scratch.log, registries[1]);
  registries[0].texts.set(50, evolved);
  registries[1].texts.set(50, inJavaForm(evolved));
  registries[1].beforeAnswer = async () => { await one.schemas.walker(50); };
  assert.equal((await other.schemas.walker(50)).kind, 'upsert');
  assert.equal(other.schemas.text(50), evolved);
});

test('who listens hears which ids in use this release reads, and of each that comes, but not of one that a newer release is needed for', async () => {
  await using scratch = await ScratchLog.open();
  const registry = await EmbeddedRegistry.open(scratch.log);
  await using catalog = await open(scratch.log, registry);
  await using other = await open(scratch.log, registry);
  const heard: (readonly number[])[] = [];
  const end = catalog.schemas.onReadable((ids) => { heard.push(ids); });
  assert.deepEqual(heard.flat(), [1, 2, 3]);
  const id = await registry.register('proximadb-VectorRecord', evolved);
  await other.schemas.walker(id);
  await catalog.catchUp();
  assert.deepEqual(heard.slice(1), [[1, 2, 3, id]]);
  assert.deepEqual(catalog.schemas.unreadable, []);

  const { value, headers } = new CatalogCodec().encode({ requestId: 'of tomorrow', atMicros: 0, event: ofTomorrow(77) });
  await scratch.log.append(catalogTopic, [{ partition: partition(0), key: Buffer.from('of tomorrow'), value, headers }]);
  await catalog.catchUp();
  assert.equal(heard.length, 2);
  assert.deepEqual(catalog.schemas.unreadable, [77]);
  end();
  await catalog.schemas.walker(await registry.register('proximadb-VectorRecord', evolve('VectorRecord', { name: 'why', type: 'string', default: '' })));
  assert.equal(heard.length, 2);
  catalog.schemas.onReadable((ids) => { heard.push(ids); })();
  assert.deepEqual(heard.at(-1), [1, 2, 3, 4, 5]);
});

/** A kind of record that this release does not know. */
function ofTomorrow(id: number): SchemaUsed {
  const schema = JSON.stringify({ type: 'record', name: 'MergeRecord', namespace: 'proximadb.v1', fields: [{ name: 'id', type: 'string' }] });
  return { kind: 'schema_used', id, fingerprint: textFingerprint(schema), schema };
}
