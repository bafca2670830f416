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

const everyAck = 'each acknowledgement comes after its data was flushed, and after the page that names it was';
test(everyAck, { skip: noStrace() }, async () => {
  checkOrder(await traced('some'));
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

test('an append whose flush fails is not written, and the next one is', { skip: noStrace() }, async () => {
  const { fates, expected, ends } = await onBadDisk('inject=fdatasync:error=EIO:when=5');
  assert.deepEqual(fates.filter((fate) => fate !== 'acked'), ['not_written']);
  assert.equal(fates.at(-1), 'acked');
  assert.deepEqual(ends, expected);
});

test('after the page that names a transaction could not be written nothing is acknowledged any more', { skip: noStrace() }, async () => {
  const meta = await metaWriteAfter(5);
  // Which pages LMDB takes, and so how many calls it makes for them, depends a little on when readers come and go.
  for (const when of [meta, meta + 1, meta - 1, meta + 2, meta - 2]) {
    const outcome = await onBadDisk(`inject=pwrite64:error=EIO:when=${when}`).catch(() => undefined);
    if (outcome === undefined || !outcome.fates.includes('unknown')) continue;
    const { fates, expected, ends } = outcome;
    const first = fates.indexOf('unknown');
    assert.deepEqual(fates, Array.from({ length: REQUESTS }, (_, request) => request < first ? 'acked' : 'unknown'));
    // Whether the one of unknown fate is there is not known; each that was acknowledged is.
    ends.forEach((end, at) => { assert.ok(end >= (expected[at] ?? Infinity), `partition ${at}`); });
    return;
  }
  assert.fail('no fault met a meta page');
});

/** Which call of pwrite64 of the writer's thread writes the first meta page after the acknowledgement of a request. */
async function metaWriteAfter(request: number): Promise<number> {
  let calls = 0;
  let acked = false;
  for (const { thread, call, synchronous } of await traced('bad-disk')) {
    if (call.startsWith(`write(1<`) && call.includes(`"acked ${request}\\n`)) acked = true;
    if (!call.startsWith('pwrite64(') || thread !== synchronous.thread) continue;
    calls += 1;
    if (acked && call.startsWith(`pwrite64(${synchronous.descriptor}<`)) return calls;
  }
  return assert.fail('the meta page was not written');
}

interface Call {
  readonly thread: string;
  readonly call: string;
  /** Through which LMDB writes meta pages. */
  readonly synchronous: { readonly thread: string; readonly descriptor: string };
}

/**
 * The system calls of the fixture, in the order of their ends. LMDB opens its file twice, once with O_DSYNC for the meta page.
 * A call that another thread interrupts in the trace counts where it is resumed.
 */
async function traced(mode: string): Promise<Call[]> {
  const directory = await mkdtemp(join(tmpdir(), 'proximadb-log-'));
  try {
    const trace = join(directory, 'trace');
    const calls = 'trace=openat,fdatasync,fsync,msync,pwrite64,pwritev,writev,write';
    const child = startChild([directory, mode, String(REQUESTS)], ['strace', '-f', '-y', '-e', calls, '-o', trace, node, program]);
    await child.line(`acked ${REQUESTS - 1}`);
    await child.ended;
    return parse(await readFile(trace, 'utf8'));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function parse(trace: string): Call[] {
  let synchronous = { thread: '', descriptor: '' };
  const begun = new Map<string, string>();
  const calls: Call[] = [];
  for (const line of trace.split('\n')) {
    const [, thread = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (text.endsWith('<unfinished ...>')) {
      begun.set(thread, text);
      continue;
    }
    const call = text.startsWith('<... ') ? `${begun.get(thread) ?? ''} ${text}` : text;
    const descriptor = /^openat\(.*data\.mdb.*O_DSYNC.*\) = (\d+)</.exec(call)?.[1];
    if (descriptor !== undefined) synchronous = { thread, descriptor };
    calls.push({ thread, call, synchronous });
  }
  return calls;
}

/** Between two acknowledgements there must be, in this order: pages written, flushed, and the meta page written through the synchronous descriptor. */
function checkOrder(calls: readonly Call[]): void {
  let state: 'nothing' | 'written' | 'flushed' | 'named' = 'nothing';
  let acked = 0;
  for (const { call, synchronous } of calls) {
    const onData = /^(pwrite64|pwritev|writev|fdatasync|fsync)\((\d+)<[^>]*data\.mdb>/.exec(call);
    if (onData !== null) {
      const [, name, descriptor] = onData;
      if (name === 'fdatasync' || name === 'fsync') state = state === 'written' ? 'flushed' : state;
      else if (descriptor !== synchronous.descriptor) state = 'written';
      else if (state === 'flushed') state = 'named';
    }
    if (/^write\(1<.*"acked /.test(call)) {
      assert.equal(state, 'named', `acknowledgement ${acked}`);
      acked += 1;
      state = 'nothing';
    }
  }
  assert.equal(acked, REQUESTS);
}
