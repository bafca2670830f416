import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { node, program, startChild } from './child.fixture.ts';

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
