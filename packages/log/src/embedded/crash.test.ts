import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readAll } from '../contract.ts';
import type { LogRecord } from '../index.ts';
import { partitions, requestEntries, topic } from './append.fixture.ts';
import { startChild } from './child.fixture.ts';
import { EmbeddedLog } from './index.ts';

const ROUNDS = 3;

test('a process killed while it appends loses no acknowledged record and shows no half request', async (t) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 100_000);
  t.diagnostic(`SEED=${seed}`);
  const directory = await mkdtemp(join(tmpdir(), 'proximadb-log-'));
  try {
    const acked = new Set<number>();
    let first = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const child = startChild([directory, 'for-ever', String(first)]);
      await child.line('acked');
      await sleep((seed * 37 + round * 53) % 150);
      child.process.kill('SIGKILL');
      await child.ended;
      for (const line of child.lines) if (line.startsWith('acked ')) acked.add(Number(line.slice(6)));
      const seen = await check(directory, acked);
      assert.ok(acked.size > round, 'each round acknowledges something');
      first = Math.max(...seen) + 1;
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

/** Opens the log as the killed process left it. Returns the requests that are in it. */
async function check(directory: string, acked: ReadonlySet<number>): Promise<ReadonlySet<number>> {
  await using log = await EmbeddedLog.open({ directory });
  const found = new Map<number, Set<number>>();
  for (let at = 0; at < partitions; at += 1) {
    for (const record of await readAll(log, topic, at)) {
      const [request, index] = checkRecord(record, at);
      const entries = found.get(request) ?? new Set();
      found.set(request, entries.add(index));
    }
  }
  for (const request of acked) assert.ok(found.has(request), `request ${request} was acknowledged and is lost`);
  for (const [request, entries] of found) assert.equal(entries.size, requestEntries(request).length, `request ${request} is there in part`);
  return new Set(found.keys());
}

function checkRecord(record: LogRecord, at: number): [request: number, index: number] {
  const [request = NaN, index = NaN] = Buffer.from(record.value ?? []).toString('latin1', 0, 40).split(' ').map(Number);
  const written = requestEntries(request)[index];
  assert.equal(written?.partition, at);
  assert.ok(written.value !== null && record.value !== null && Buffer.compare(written.value, record.value) === 0, 'a record is as it was written');
  return [request, index];
}
