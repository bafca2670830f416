/** A real registry that is killed, frozen, wiped and filled by others, under the adapter and under a catalog. */
import { strict as assert } from 'node:assert';
import { after, before, describe, test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { schemaText } from '@proximadb/schemas';
import { freePort, missing, startRegistry, type Registry } from '@proximadb/test-cluster';
import { Catalog } from '../catalog.ts';
import { offset, partition } from '@proximadb/log';
import { catalogTopic } from '../journal.ts';
import { ScratchLog } from '../scratch-log.ts';
import { ConfluentRegistry } from './index.ts';

const skip = missing('registry');
const ownNames = ['VectorRecord', 'PatchRecord', 'DeleteRecord'] as const;
/** Where no test is about time. */
const timeoutMs = 60_000;

function withField(name: (typeof ownNames)[number], field: string): string {
  const schema = JSON.parse(schemaText(name)) as { fields: unknown[] };
  schema.fields.push({ name: field, type: 'string', default: '' });
  return JSON.stringify(schema);
}

function foreign(name: string): string {
  return JSON.stringify({ type: 'record', name, fields: [{ name: 'id', type: 'string' }] });
}

describe('a registry that dies', { skip }, () => {
  let registry: Registry;
  const client = (options: { timeoutMs?: number; url?: string } = {}): ConfluentRegistry => new ConfluentRegistry({ url: registry.url, timeoutMs, ...options });

  before(async () => { registry = await startRegistry(); });
  after(() => registry[Symbol.asyncDispose]());

  /** An empty registry, and an installation that is new. */
  async function wiped(): Promise<ScratchLog> {
    if (registry.state === 'paused') await registry.resume();
    await registry.restart('SIGKILL');
    return ScratchLog.open();
  }

  function open(scratch: ScratchLog, source = client()): Promise<Catalog> {
    return Catalog.open({ log: scratch.log, registry: source, registryCheckMs: 3_600_000 });
  }

  test('one that was killed is UNAVAILABLE, says where, and answers again when it is back', async () => {
    await using _scratch = await wiped();
    const source = client();
    const id = await source.register('s', foreign('Killed'));
    await registry.kill();
    for (const call of [source.byId(id), source.byId(id + 1), source.register('s', foreign('Another')), source.verdict('s', foreign('Another'))]) {
      await assert.rejects(call, (error) => error instanceof AppError && error.code === 'UNAVAILABLE' && error.message.includes(registry.url));
    }
    assert.equal(await source.register('s', foreign('Killed')), id);
    await registry.start();
    assert.equal(await source.byId(id), undefined);
    assert.ok(await source.register('s', foreign('Killed')) >= 1);
  });

  test('one that is frozen is UNAVAILABLE at the deadline, and another URL answers for it', async () => {
    await using _scratch = await wiped();
    const id = await client().register('s', foreign('Frozen'));
    await using other = await startRegistry();
    const there = await client({ url: other.url }).register('s', foreign('Frozen'));
    await registry.pause();
    const startMs = performance.now();
    await assert.rejects(client({ timeoutMs: 700 }).byId(id), (error) =>
      // What is left of the deadline when it is asked: a busy machine takes some of it, no more than the time below lets it.
      error instanceof AppError && error.code === 'UNAVAILABLE' && /does not answer within (?:6[5-9]\d|700) ms/.test(error.message));
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs > 650 && tookMs < 30_000, `${tookMs} ms`);
    assert.equal(await client({ url: `${registry.url},${other.url}`, timeoutMs: 20_000 }).byId(there), foreign('Frozen'));
    assert.equal(await client({ url: `http://127.0.0.1:${await freePort()}/x,${other.url}` }).byId(there), foreign('Frozen'));
    await registry.resume();
    assert.equal(await client().byId(id), foreign('Frozen'));
  });

  test('a catalog that knows all ids opens without it, and takes new ones when it is back', async () => {
    await using scratch = await wiped();
    await assert.rejects(open(await ScratchLog.open(), client({ url: `http://127.0.0.1:${await freePort()}` })), { code: 'UNAVAILABLE' });
    await (await open(scratch))[Symbol.asyncDispose]();
    const evolved = withField('VectorRecord', 'origin');
    await registry.pause();
    await using catalog = await open(scratch, client({ timeoutMs: 1_000 }));
    assert.equal(catalog.schemas.registryState.kind, 'unreachable');
    assert.equal(catalog.schemas.text(catalog.schemas.idOf('VectorRecord')), schemaText('VectorRecord'));
    await assert.rejects(async () => catalog.schemas.walker(77), { code: 'UNAVAILABLE' });
    await registry.resume();
    const id = await client().register('proximadb-VectorRecord', evolved);
    // Frozen for a second it may need a moment.
    for (const until = performance.now() + 120_000; ;) {
      try {
        assert.equal((await catalog.schemas.walker(id)).kind, 'upsert');
        break;
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'UNAVAILABLE' || performance.now() > until) throw error;
      }
    }
    assert.equal(catalog.schemas.registryState.kind, 'agrees');
  });

  test('wiped, it is filled again at the next start, and every id means what it meant', async () => {
    await using scratch = await wiped();
    const evolved = withField('VectorRecord', 'origin');
    const first = await open(scratch);
    const ids = ownNames.map((name) => first.schemas.idOf(name));
    const evolvedId = await client().register('proximadb-VectorRecord', evolved);
    await first.schemas.walker(evolvedId);
    await first[Symbol.asyncDispose]();
    await registry.restart('SIGKILL');
    assert.equal(await client().byId(ids[0] ?? 0), undefined);
    await using catalog = await open(scratch);
    assert.deepEqual(ownNames.map((name) => catalog.schemas.idOf(name)), ids);
    for (const [at, name] of ownNames.entries()) assert.equal((await client().find(`proximadb-${name}`, schemaText(name)))?.id, ids[at]);
    assert.equal((await client().find('proximadb-VectorRecord', evolved))?.id, evolvedId);
  });

  test('wiped and filled by others first, it stops the next start, and what runs takes no new id from it', async () => {
    await using scratch = await wiped();
    await using running = await open(scratch);
    await registry.restart('SIGKILL');
    const theirs = client();
    let last = 0;
    for (const name of ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H']) last = await theirs.register(`theirs-${name}`, foreign(name));
    const tempting = await theirs.register('proximadb-VectorRecord', withField('VectorRecord', 'origin'));
    assert.ok(tempting > last);
    const { end } = await scratch.log.read(catalogTopic, partition(0), offset(0), 1);
    await assert.rejects(async () => running.schemas.walker(tempting), (error) =>
      error instanceof AppError && error.code === 'UNAVAILABLE' && error.cause instanceof AppError && error.cause.code === 'DATA_LOSS');
    await assert.rejects(open(scratch), { code: 'DATA_LOSS' });
    assert.equal((await scratch.log.read(catalogTopic, partition(0), offset(0), 1)).end, end);
    assert.equal((await running.schemas.walker(running.schemas.idOf('PatchRecord'))).kind, 'patch');
  });
});
