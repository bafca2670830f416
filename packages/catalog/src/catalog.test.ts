import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Code } from '@proximadb/errors';
import { AppError } from '@proximadb/errors';
import { offset, partition, type Log } from '@proximadb/log';
import { Catalog, type CatalogOptions } from './catalog.ts';
import type { Change } from './collection.ts';
import { CatalogCodec } from './events.ts';
import { catalogTopic } from './journal.ts';
import { EmbeddedRegistry } from './registry.ts';
import { ScratchLog } from './scratch-log.ts';
import { settingsFrom } from './settings.ts';

const settings = settingsFrom({ dimension: 3, partitions: 2 });

async function openCatalog(log: Log, options: Partial<CatalogOptions> = {}): Promise<Catalog> {
  return Catalog.open({ log, registry: await EmbeddedRegistry.open(log), ...options });
}

/** What a process leaves that dies right after it has asked for a collection. */
async function createAndDie(log: Log, name: string): Promise<number> {
  const { value, headers } = new CatalogCodec().encode({
    requestId: `dead-${name}`, atMicros: 1, event: { kind: 'created', name, settings, description: '', tags: {} },
  });
  const { offsets: [at = 0] } = await log.append(catalogTopic, [{ partition: partition(0), key: new Uint8Array(), value, headers }]);
  return at + 1;
}

function failsWith(code: Code, part = ''): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, code, error.message);
    assert.ok(error.message.includes(part), error.message);
    return true;
  };
}

test('of two catalogs that race for a name exactly one gets it, and both agree', async () => {
  await using scratch = await ScratchLog.open();
  await using one = await openCatalog(scratch.log);
  await using other = await openCatalog(scratch.log);
  for (const name of ['a', 'b', 'c', 'd']) {
    const attempts = await Promise.allSettled([one, other, one, other].map((catalog) => catalog.create({ name, settings })));
    const won = attempts.filter((attempt) => attempt.status === 'fulfilled');
    assert.equal(won.length, 1);
    for (const attempt of attempts) if (attempt.status === 'rejected') failsWith('ALREADY_EXISTS', name)(attempt.reason);
    await Promise.all([one.catchUp(), other.catchUp()]);
    assert.deepEqual(one.get(name), won[0]?.value);
    assert.deepEqual(other.get(name), won[0]?.value);
  }
});

test('a collection has the topic that the catalog says, and is the same after a restart', async () => {
  await using scratch = await ScratchLog.open();
  const clock = (): number => 1_700_000_000_000_000;
  let before;
  {
    await using catalog = await openCatalog(scratch.log, { clock });
    before = await catalog.create({ name: 'words', settings, description: 'all of them', tags: { language: 'en' } });
    assert.deepEqual(await scratch.log.describeTopic(before.topic), {
      clusterId: scratch.log.clusterId, topic: `proximadb-words-${before.log}`, topicId: before.topicId, partitions: 2,
    });
    assert.equal(before.createdAtMicros, 1_700_000_000_000_000);
    assert.equal(before.state, 'ready');
    await catalog.create({ name: 'gone', settings });
    await catalog.delete('gone');
    before = await catalog.update('words', { description: 'most of them' });
    assert.deepEqual(before.tags, { language: 'en' });
  }
  await scratch.restart();
  await using catalog = await openCatalog(scratch.log);
  assert.deepEqual(catalog.list(), [before]);
  assert.deepEqual(catalog.byLog(before.log), before);
  assert.throws(() => catalog.get('gone'), failsWith('NOT_FOUND', 'gone'));
});

test('a collection whose creator died gets its topic when a catalog opens, or when it is used next', async () => {
  await using scratch = await ScratchLog.open();
  await using early = await openCatalog(scratch.log);
  const used = await createAndDie(scratch.log, 'used');
  await early.catchUp();
  assert.throws(() => early.get('used'), failsWith('UNAVAILABLE', 'being created'));
  await eventually(() => early.get('used').state === 'ready');
  const taken = await createAndDie(scratch.log, 'taken');
  await assert.rejects(early.create({ name: 'taken', settings }), failsWith('ALREADY_EXISTS'));
  await eventually(() => early.byLog(taken)?.state === 'ready');
  const opened = await createAndDie(scratch.log, 'opened');
  const retried = await createAndDie(scratch.log, 'retried');
  assert.equal((await early.create({ name: 'retried', settings, requestId: 'dead-retried' })).log, retried);
  await using late = await openCatalog(scratch.log);
  for (const log of [used, taken, opened, retried]) {
    const collection = late.byLog(log) ?? assert.fail();
    assert.equal(collection.state, 'ready');
    assert.equal((await scratch.log.describeTopic(collection.topic))?.topicId, collection.topicId);
  }
});

test('deleted and created again, a name has a new log number and a new topic', async () => {
  await using scratch = await ScratchLog.open();
  await using catalog = await openCatalog(scratch.log);
  const old = await catalog.create({ name: 'a', settings });
  await assert.rejects(catalog.erased(old.log), failsWith('FAILED_PRECONDITION'));
  await catalog.delete('a');
  await assert.rejects(catalog.delete('a'), failsWith('NOT_FOUND'));
  await assert.rejects(catalog.update('a', { description: '' }), failsWith('NOT_FOUND'));
  const next = await catalog.create({ name: 'a', settings });
  assert.ok(next.log > old.log);
  assert.notEqual(next.topicId, old.topicId);
  assert.equal(catalog.byLog(old.log)?.state, 'deleted');
  await catalog.erased(old.log);
  await catalog.erased(old.log);
  assert.equal(catalog.byLog(old.log), undefined);
  assert.equal(await scratch.log.describeTopic(old.topic), undefined);
  assert.deepEqual(catalog.get('a'), next);
  await catalog.verifyTopic(next);
});

test('a retried create finds its own collection, and only its own', async () => {
  await using scratch = await ScratchLog.open();
  await using catalog = await openCatalog(scratch.log);
  await using other = await openCatalog(scratch.log);
  const first = await catalog.create({ name: 'a', settings, requestId: 'once' });
  assert.deepEqual(await other.create({ name: 'a', settings, requestId: 'once' }), first);
  await assert.rejects(catalog.create({ name: 'b', settings, requestId: 'once' }), failsWith('INVALID_ARGUMENT', 'requestId'));
  await assert.rejects(catalog.create({ name: 'a', settings, requestId: 'twice' }), failsWith('ALREADY_EXISTS'));
  await catalog.delete('a');
  await assert.rejects(catalog.create({ name: 'a', settings, requestId: 'once' }), failsWith('ABORTED', 'deleted since'));
  assert.deepEqual(catalog.list(), []);
  const twins = await Promise.all([catalog, other].map((either) => either.create({ name: 'c', settings, requestId: 'twins' })));
  assert.deepEqual(twins[0], twins[1]);
});

test('what is refused leaves no trace in the log', async () => {
  await using scratch = await ScratchLog.open();
  await using catalog = await openCatalog(scratch.log);
  await catalog.create({ name: 'a', settings });
  const [before] = await scratch.log.extents(catalogTopic);
  await assert.rejects(catalog.create({ name: 'a b', settings }), failsWith('INVALID_ARGUMENT', 'name'));
  await assert.rejects(catalog.create({ name: 'b', settings: { ...settings, dimension: 0 } }), failsWith('INVALID_ARGUMENT', 'dimension'));
  await assert.rejects(catalog.create({ name: 'b', settings, tags: { '': '' } }), failsWith('INVALID_ARGUMENT', 'tags'));
  await assert.rejects(catalog.create({ name: 'b', settings, requestId: '' }), failsWith('INVALID_ARGUMENT', 'requestId'));
  await assert.rejects(catalog.create({ name: 'a', settings }), failsWith('ALREADY_EXISTS'));
  await assert.rejects(catalog.update('a', { description: 'x'.repeat(4097) }), failsWith('INVALID_ARGUMENT', 'description'));
  await assert.rejects(catalog.update('b', { description: '' }), failsWith('NOT_FOUND'));
  await assert.rejects(catalog.delete('b'), failsWith('NOT_FOUND'));
  assert.equal((await catalog.update('a', {})).description, '');
  assert.deepEqual(await scratch.log.extents(catalogTopic), [before]);
});

test('past their number collections are refused with a time to come back; a deleted one counts until it is erased', async () => {
  await using scratch = await ScratchLog.open();
  await using catalog = await openCatalog(scratch.log, { collectionsMax: 1 });
  const { log } = await catalog.create({ name: 'a', settings });
  const isFull = (error: unknown): boolean => failsWith('RESOURCE_EXHAUSTED')(error) && (error as AppError).retryAfterMs !== undefined;
  await assert.rejects(catalog.create({ name: 'b', settings }), isFull);
  await catalog.delete('a');
  await assert.rejects(catalog.create({ name: 'b', settings }), isFull);
  await catalog.erased(log);
  await catalog.create({ name: 'b', settings });
});

test('listeners hear of what is there first, then of each change once and in order, their own and others', async () => {
  await using scratch = await ScratchLog.open();
  await using catalog = await openCatalog(scratch.log);
  await using other = await openCatalog(scratch.log);
  await catalog.create({ name: 'a', settings });
  const doomed = await catalog.create({ name: 'doomed', settings });
  await catalog.delete('doomed');
  const heard: string[] = [];
  const tell = ({ kind, collection }: Change): number => heard.push(`${kind} ${collection.name} ${collection.state}`);
  const end = catalog.onChange(tell);
  assert.deepEqual(heard, ['ready a ready', 'deleted doomed deleted']);
  heard.length = 0;
  await other.update('a', { description: 'new' });
  await catalog.create({ name: 'b', settings });
  await other.delete('b');
  await other.erased(doomed.log);
  await catalog.catchUp();
  assert.deepEqual(heard, ['updated a ready', 'creating b creating', 'ready b ready', 'deleted b deleted', 'erased doomed deleted']);
  end();
  await catalog.delete('a');
  assert.equal(heard.length, 5);
});

test('a topic that was made anew, or is gone, is refused with an error for the operator; the others are served', async () => {
  await using scratch = await ScratchLog.open();
  {
    await using catalog = await openCatalog(scratch.log);
    const collections = await Promise.all(['anew', 'gone', 'well'].map((name) => catalog.create({ name, settings })));
    const [anew, gone] = collections;
    assert.ok(anew !== undefined && gone !== undefined);
    await scratch.log.deleteTopic(anew.topic);
    await scratch.log.createTopic(anew.topic, 2);
    await scratch.log.deleteTopic(gone.topic);
    await assert.rejects(catalog.verifyTopic(anew), failsWith('DATA_LOSS', anew.topic));
  }
  await using catalog = await openCatalog(scratch.log);
  assert.throws(() => catalog.get('anew'), failsWith('DATA_LOSS', 'made anew'));
  assert.throws(() => catalog.get('gone'), failsWith('DATA_LOSS', 'is gone'));
  assert.equal(catalog.get('well').state, 'ready');
  await catalog.delete('gone');
  assert.equal((await catalog.create({ name: 'gone', settings })).state, 'ready');
  assert.equal(catalog.get('gone').state, 'ready');
});

test('a collection deleted and erased while its topic is being made leaves no topic behind', async () => {
  await using scratch = await ScratchLog.open();
  await using other = await openCatalog(scratch.log);
  // A creator so slow that all the rest has happened before it makes the topic.
  const slow = new Proxy<Log>(scratch.log, {
    get: (log, member) => {
      if (member !== 'createTopic') return bound(log, member);
      return async (topic: string, partitions: number) => {
        if (topic.startsWith('proximadb-slow-')) {
          await other.delete('slow');
          await other.erased(Number(topic.split('-').at(-1)));
        }
        return scratch.log.createTopic(topic, partitions);
      };
    },
  });
  await using catalog = await openCatalog(slow);
  const [extent] = await scratch.log.extents(catalogTopic);
  await assert.rejects(catalog.create({ name: 'slow', settings }), failsWith('ABORTED', 'deleted while'));
  assert.equal(await scratch.log.describeTopic(`proximadb-slow-${(extent?.end ?? 0) + 1}`), undefined);
  assert.equal(catalog.byLog((extent?.end ?? 0) + 1), undefined);
});

test('a topic that holds records before its collection exists is left alone', async () => {
  await using scratch = await ScratchLog.open();
  await using catalog = await openCatalog(scratch.log);
  const [extent] = await scratch.log.extents(catalogTopic);
  const topic = `proximadb-a-${(extent?.end ?? 0) + 1}`;
  await scratch.log.createTopic(topic, 2);
  await scratch.log.append(topic, [{ partition: partition(1), key: Buffer.from('x'), value: null, headers: {} }]);
  await assert.rejects(catalog.create({ name: 'a', settings }), failsWith('DATA_LOSS', topic));
  assert.equal((await scratch.log.extents(topic))[1]?.end, 1);
});

test('a catalog whose log is cut or damaged says so, answers reads as of then and refuses changes', async () => {
  await using scratch = await ScratchLog.open();
  const stops: Error[] = [];
  const catalog = await openCatalog(scratch.log, { onStopped: (error) => stops.push(error) });
  await catalog.create({ name: 'a', settings });
  await scratch.log.append(catalogTopic, [{ partition: partition(0), key: new Uint8Array(), value: Buffer.from('not ours'), headers: {} }]);
  await assert.rejects(catalog.catchUp(), failsWith('DATA_LOSS'));
  await assert.rejects(catalog.create({ name: 'b', settings }), failsWith('DATA_LOSS'));
  assert.equal(catalog.get('a').state, 'ready');
  assert.equal(stops.length, 1);
  await catalog[Symbol.asyncDispose]();
  await assert.rejects(openCatalog(scratch.log), failsWith('DATA_LOSS', 'entry'));
  await scratch.log.trim(catalogTopic, partition(0), offset(1));
  await assert.rejects(openCatalog(scratch.log), failsWith('DATA_LOSS', 'deleted or cut'));
});

test('a closed catalog refuses changes and ends who waits', async () => {
  await using scratch = await ScratchLog.open();
  const catalog = await openCatalog(scratch.log);
  const creating = catalog.create({ name: 'a', settings });
  await catalog[Symbol.asyncDispose]();
  await creating.catch(failsWith('UNAVAILABLE'));
  await assert.rejects(catalog.create({ name: 'b', settings }), failsWith('UNAVAILABLE'));
});

function bound(log: Log, member: string | symbol): unknown {
  const value: unknown = Reflect.get(log, member, log);
  return typeof value === 'function' ? (...values: unknown[]): unknown => Reflect.apply(value, log, values) : value;
}

async function eventually(holds: () => boolean): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      if (holds()) return;
    } catch (error) {
      if (attempt >= 6_000) throw error;
    }
    assert.ok(attempt < 6_000, 'it never came true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
