/**
 * What a manifest takes of a shard's thread for the requests that it remembers, with a full window of requests of one record each: blocks that
 * are encoded once, beside encoding all of them for each manifest. Interleaved; the median of the rounds and, in brackets, the worst.
 * Run: node services/indexer/src/request-window.bench.ts
 */
import { randomUUID } from 'node:crypto';
import { encodeRequests, type RequestBlock } from '@proximadb/segment';
import { RequestWindow, windowRequests } from './request-window.ts';

const rounds = 30;
/** From one manifest to the next. */
const between = 1_000;

const window = new RequestWindow();
let list: Parameters<typeof encodeRequests>[0] = [];
let offset = 0;

function note(count: number): void {
  const more = Array.from({ length: count }, (_, at) => (
    { request_id: randomUUID(), log_time: offset + at, runs: [{ sequence: 0, offset: offset + at, count: 1, refusal: null }] }
  ));
  for (const { request_id: requestId } of more) {
    window.note(requestId, 0, offset, offset, null);
    offset += 1;
  }
  list = [...list, ...more].slice(-windowRequests);
}

const ways: Readonly<Record<string, () => readonly RequestBlock[]>> = {
  'blocks, encoded once': () => {
    const blocks = window.below(offset);
    window.prune(offset, offset);
    return blocks;
  },
  'all of them': () => [encodeRequests(list.map(({ runs, ...request }) => ({ ...request, runs: runs.map((run) => ({ ...run })) })))],
};
const times = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
note(windowRequests);
for (let round = 0; round < rounds; round += 1) {
  note(between);
  for (const [name, way] of Object.entries(ways)) {
    const startedMs = performance.now();
    way();
    times.get(name)?.push(performance.now() - startedMs);
  }
}
for (const [name, taken] of times) {
  taken.sort((a, b) => a - b);
  console.log(`${name.padEnd(24)}${(taken[rounds >> 1] ?? NaN).toFixed(2).padStart(8)} ms (${(taken.at(-1) ?? NaN).toFixed(2)})`);
}
