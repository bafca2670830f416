import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { connect } from 'proximadb';
import { metadataOf, readWords, wordsPath } from './words.ts';

const main = join(import.meta.dirname, '..', 'main.ts');

function demo(data: string, ...args: string[]): ReturnType<typeof spawn> {
  return spawn(process.execPath, ['--no-warnings', main, 'demo', '--data', data, '--grpc-port', '0', '--rest-port', '0', '--queries', '30', ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function outcome(child: ReturnType<typeof spawn>): Promise<{ code: number | null; out: string }> {
  const code = new Promise<number | null>((resolve) => { child.on('exit', resolve); });
  assert.ok(child.stdout !== null);
  return { out: await text(child.stdout), code: await code };
}

test('the words are read as they stand: the first ones, their vectors without norm and number', async () => {
  const words = await Array.fromAsync(readWords(wordsPath(), 8));
  assert.deepEqual(words.map(({ text: word }) => word), ['the', ',', '.', 'of', 'to', 'and', 'in', '"']);
  assert.ok(words.every(({ vector }) => vector.length === 100));
  assert.deepEqual(words.map(({ rank }) => rank), [1, 2, 3, 4, 5, 6, 7, 8]);
  const [the] = words;
  assert.ok(the !== undefined);
  assert.deepEqual(metadataOf(the), { length: 3, first: 't', part: 'n-z', rank: 1 });
});

test('the demo imports, answers and measures; the next one imports only what is missing', async () => {
  const data = mkdtempSync(join(tmpdir(), 'proximadb-demo-'));
  try {
    const first = await outcome(demo(data, '--words', '1500'));
    assert.equal(first.code, 0, first.out);
    assert.match(first.out, /1,500 words are durable after/);
    assert.match(first.out, /^king\s+\d+\.\d ms\s+(son|brother) 0\.70/m);
    assert.match(first.out, /^database .*not among these words/m);
    assert.match(first.out, /recall@10\s+1\.0000 of what exact: true finds/);
    assert.match(first.out, /p50 \d+\.\d\d ms {3}p99 \d+\.\d\d ms/);

    // It keeps running, and a further demo on the same data asks it.
    const keeping = demo(data, '--words', '2000', '--keep');
    const kept = outcome(keeping);
    const address = await announced(keeping);
    await using db = connect(address);
    assert.equal(await db.collection('words').count(), 2000);
    const guest = await outcome(demo(data, '--words', '2000'));
    assert.equal(guest.code, 0, guest.out);
    assert.match(guest.out, /, which another demo runs/);
    assert.match(guest.out, /all 2,000 words are there from a former demo/);
    keeping.kill('SIGINT');
    const { code, out } = await kept;
    assert.equal(code, 0, out);
    assert.match(out, /✓ 500 words are durable after .*, 1,500 were there before/);
    assert.match(out, /Next, in another terminal:/);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});

/** The address of a server, once it has answered all and stays. */
function announced(child: ReturnType<typeof spawn>): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      const address = /server at (\S+) \(gRPC\)/.exec(out)?.[1];
      if (address !== undefined && out.includes('Next, in another terminal')) resolve(address);
    });
    child.on('exit', () => { reject(new Error(`it ended: ${out}`)); });
  });
}
