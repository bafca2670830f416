import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { topic } from './append.fixture.ts';
import { node, program, startChild } from './child.fixture.ts';
import { EmbeddedLog } from './index.ts';

const REQUESTS = 12;

/** Why system calls cannot be traced here; false if they can. */
function noStrace(): string | false {
  const tried = spawnSync('strace', ['-o', '/dev/null', 'true'], { encoding: 'utf8' });
  if (tried.error !== undefined) return 'strace is not installed';
  return tried.status === 0 ? false : `strace may not trace here: ${tried.stderr.trim()}`;
}

test('each acknowledgement comes after its data was flushed, and after the page that names it was', { skip: noStrace(), timeout: 60_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'proximadb-log-'));
  try {
    const trace = join(directory, 'trace');
    const calls = 'trace=openat,fdatasync,fsync,msync,pwrite64,pwritev,writev,write';
    const child = startChild([directory, 'some', String(REQUESTS)], ['strace', '-f', '-y', '-e', calls, '-o', trace, node, program]);
    await child.line(`acked ${REQUESTS - 1}`);
    await child.ended;
    checkTrace((await readFile(trace, 'utf8')).split('\n'));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

/** Runs the fixture on a disk that fails as strace is told: what became of each request, and the ends of the partitions after another open. */
async function onBadDisk(fault: string): Promise<{ fates: string[]; expected: number[]; ends: number[] }> {
  const directory = await mkdtemp(join(tmpdir(), 'proximadb-log-'));
  try {
    const child = startChild([directory, 'bad-disk', String(REQUESTS)], ['strace', '-f', '-e', fault, '-o', '/dev/null', node, program]);
    const expected = JSON.parse((await child.line('expected')).slice('expected '.length)) as number[];
    await child.ended;
    const fates = child.lines.filter((line) => /^(acked|not_written|unknown) /.test(line)).map((line) => line.split(' ')[0] ?? '');
    await using log = await EmbeddedLog.open({ directory });
    return { fates, expected, ends: (await log.extents(topic)).map(({ end }) => end) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

test('an append whose flush fails is not written, and the next one is', { skip: noStrace(), timeout: 60_000 }, async () => {
  const { fates, expected, ends } = await onBadDisk('inject=fdatasync:error=EIO:when=5');
  assert.deepEqual(fates.filter((fate) => fate !== 'acked'), ['not_written']);
  assert.equal(fates.at(-1), 'acked');
  assert.deepEqual(ends, expected);
});

test('after the page that names a transaction could not be written nothing is acknowledged any more', { skip: noStrace(), timeout: 60_000 }, async () => {
  let broke = false;
  // Single pages and meta pages are written by the same call; of these some are meta pages.
  for (let when = 6; when < 16 && !broke; when += 1) {
    const { fates, expected, ends } = await onBadDisk(`inject=pwrite64:error=EIO:when=${when}`);
    const first = fates.findIndex((fate) => fate !== 'acked');
    assert.ok(first >= 0, 'the fault hits');
    broke = fates[first] === 'unknown';
    if (broke) assert.ok(fates.slice(first).every((fate) => fate === 'unknown'), String(fates));
    else assert.deepEqual(fates.filter((fate) => fate !== 'acked'), ['not_written']);
    ends.forEach((end, at) => { assert.ok(end >= (expected[at] ?? 0), 'what was acknowledged is there'); });
  }
  assert.ok(broke, 'one of the writes was of a meta page');
});

/**
 * LMDB opens its file twice, once with O_DSYNC for the meta page. Between two acknowledgements there must be, in this order: pages written,
 * flushed, and the meta page written through that descriptor. A call that another thread interrupts in the trace counts where it is resumed,
 * that is when it ended.
 */
function checkTrace(lines: readonly string[]): void {
  const synchronous = new Set<string>();
  let state: 'nothing' | 'written' | 'flushed' | 'named' = 'nothing';
  const begun = new Map<string, string>();
  let acked = 0;
  for (const line of lines) {
    const [thread = '', ...rest] = line.split(/ +/);
    let call = rest.join(' ');
    if (call.endsWith('<unfinished ...>')) {
      begun.set(thread, call);
      continue;
    }
    if (call.startsWith('<... ')) call = `${begun.get(thread) ?? ''} ${call}`;
    const opened = /^openat\(.*data\.mdb.*O_DSYNC.*\) = (\d+)</.exec(call)?.[1];
    if (opened !== undefined) synchronous.add(opened);
    const onData = /^(pwrite64|pwritev|writev|fdatasync|fsync)\((\d+)<[^>]*data\.mdb>/.exec(call);
    if (onData !== null) {
      const [, name, descriptor = ''] = onData;
      if (name === 'fdatasync' || name === 'fsync') state = state === 'written' ? 'flushed' : state;
      else if (!synchronous.has(descriptor)) state = 'written';
      else if (state === 'flushed') state = 'named';
    }
    if (/^write\(1<.*"acked /.test(call)) {
      assert.equal(state, 'named', `acknowledgement ${acked}`);
      acked += 1;
      state = 'nothing';
    }
  }
  assert.equal(acked, REQUESTS);
  assert.ok(synchronous.size > 0, 'the meta page is written synchronously');
}
