import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { encodeVectorRecord } from '@proximadb/record';
import { startCommands, type Commands } from './testing/command.ts';

let commands: Commands;
let schemaId: number;
before(async () => {
  commands = await startCommands();
  ({ id: schemaId } = await commands.client.getSchema({ name: 'VectorRecord' }));
});
after(() => commands[Symbol.asyncDispose]());

const dimension = 16;
const record = (id: string, n: number): Uint8Array =>
  encodeVectorRecord(schemaId, { id, vector: Array.from({ length: dimension }, (_, i) => Math.sin(n * 7 + i)), metadata: new Map([['n', BigInt(n)]]) });

async function make(collection: string, partitions: number, records: number): Promise<void> {
  await commands.client.createCollection({ name: collection, dimension, partitions });
  for (let from = 0; from < records; from += 2_000) {
    const batch = Array.from({ length: Math.min(2_000, records - from) }, (_, i) => record(`w${from + i}`, from + i));
    await commands.client.upsert({ collection, records: batch });
  }
}

const strong = { consistency: 'strong', token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false } as const;
const countOf = (collection: string) => commands.client.count({ collection, read: strong });

test('20,000 words go from 4 partitions to 12 while they are read and written', async (t) => {
  const { client } = commands;
  const words = 20_000;
  await make('words', 4, words);
  let going = true;
  let acked = 0, reads = 0, longestMs = 0, sentAway = 0;
  const writing = (async () => {
    for (let n = 0; going; n += 1) {
      const id = n % 3 === 0 ? `new${n}` : `w${n % words}`;
      const startedMs = performance.now();
      for (let attempt = 0; ; attempt += 1) {
        try {
          await client.upsert({ collection: 'words', records: [record(id, words + n)], requestId: `r${n}`, attempt });
          break;
        } catch (error) {
          if (!(error instanceof AppError) || error.code !== 'UNAVAILABLE') throw error;
          sentAway += 1;
          await delay(error.retryAfterMs ?? 100);
        }
      }
      longestMs = Math.max(longestMs, performance.now() - startedMs);
      acked += 1;
    }
  })();
  const reading = (async () => {
    while (going) {
      const { hits } = await client.search({ collection: 'words', vector: Float32Array.from({ length: dimension }, (_, i) => Math.sin(i)), k: 5 });
      assert.equal(hits.length, 5);
      reads += 1;
    }
  })();
  await delay(100);
  const before = acked;
  const startedMs = performance.now();
  const { code, out, err } = await commands.run(['reindex', 'words', '--partitions', '12']);
  const tookMs = performance.now() - startedMs;
  assert.equal(code, 0, err);
  assert.match(out, /^words is the new generation, log \d+: [\d,]+ records\. Writes paused for at most .*\(\d+ ms\)\.$/m);
  assert.ok(acked > before, 'writes go on meanwhile');
  await delay(100);
  going = false;
  await Promise.all([writing, reading]);
  const added = Array.from({ length: acked }, (_, n) => n).filter((n) => n % 3 === 0).length;
  assert.equal((await countOf('words')).count, BigInt(words + added), 'nothing is lost, and nothing comes twice');
  assert.equal((await client.getCollection({ collection: 'words' })).partitions, 12);
  for (const n of [0, 1, 2, acked - 1]) {
    const id = n % 3 === 0 ? `new${n}` : `w${n}`;
    assert.ok((await commands.run(['get', id, '-c', 'words'])).code === 0, `${id} is there`);
  }
  const pausedMs = Number(/\((\d+) ms\)/.exec(out)?.[1]);
  t.diagnostic(`${words} words in ${Math.round(tookMs)} ms; paused ${pausedMs} ms by the catalog; the slowest of ${acked} writes ${Math.round(longestMs)} ms, `
    + `${sentAway} sent away; ${reads} searches`);
  const again = await commands.run(['reindex', 'words', '--follow', '--json']);
  const { state, partitions, drained, copied } = JSON.parse(again.out) as Record<string, unknown>;
  assert.deepEqual({ state, partitions, drained, copied }, { state: 'done', partitions: 4, drained: 4, copied: words + added });
});

test('another metric and another quantization: the same records are searched by them', async () => {
  const { client } = commands;
  await client.createCollection({ name: 'arrows', dimension: 2, partitions: 2 });
  const arrows = { near: [1, 0.1], long: [30, 30], far: [-1, 0] };
  await client.upsert({ collection: 'arrows', records: Object.entries(arrows).map(([id, vector]) => encodeVectorRecord(schemaId, { id, vector })) });
  const order = async (): Promise<string[]> => {
    const { hits } = await client.search({ collection: 'arrows', vector: Float32Array.of(1, 0), k: 3, read: strong });
    return hits.map(({ id }) => id);
  };
  assert.deepEqual(await order(), ['near', 'long', 'far']);
  for (const [args, expected] of [
    [['--quantization', 'f32'], ['near', 'long', 'far']], [['--metric', 'dot'], ['long', 'near', 'far']],
    [['--metric', 'euclidean', '--quantization', 'bf16'], ['near', 'far', 'long']],
  ] as const) {
    const { code, err } = await commands.run(['reindex', 'arrows', ...args]);
    assert.equal(code, 0, err);
    assert.deepEqual(await order(), expected, args.join(' '));
    const { metric, hnsw } = await client.getCollection({ collection: 'arrows' });
    const settings: readonly unknown[] = [metric, hnsw.quantization];
    for (const value of args.filter((arg) => !arg.startsWith('--'))) assert.ok(settings.includes(value), value);
  }
});

test('what cannot be reindexed is refused, and says why', async () => {
  await make('dots', 2, 10);
  const refused = async (...args: string[]): Promise<string> => {
    const { code, err } = await commands.run(['reindex', ...args]);
    assert.equal(code, 1);
    return err;
  };
  assert.match(await refused('dots'), /INVALID_ARGUMENT.*partitions/s);
  assert.match(await refused('nothing', '--partitions', '3'), /NOT_FOUND/);
  assert.match(await refused('dots', '--abort'), /NOT_FOUND.*not being reindexed/s);
  assert.match(await refused('dots', '--follow'), /NOT_FOUND.*not been reindexed/s);
  const changed = await commands.run(['reindex', 'dots', '--metric', 'dot', '--index', 'flat', '--storage', 'disk']);
  assert.equal(changed.code, 0, changed.err);
  assert.match(await refused('dots', '--metric', 'cosine'), /INVALID_ARGUMENT.*zero vector/s);
  assert.equal((await countOf('dots')).count, 10n);
  const { metric, index, hnsw, storage } = await commands.client.getCollection({ collection: 'dots' });
  assert.deepEqual([metric, index, hnsw.quantization, storage], ['dot', 'flat', 'bf16', 'disk']);
});
