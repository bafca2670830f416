/** Imports that were stopped, by a signal and by SIGKILL: what was acknowledged is neither lost nor applied again. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { startCommands, type Commands } from '../testing/command.ts';
import type { ImportState } from './state.ts';

let commands: Commands;
before(async () => { commands = await startCommands(); });
after(() => commands[Symbol.asyncDispose]());

const rows = 1_200;

function writeRows(name: string): string {
  const lines = Array.from({ length: rows }, (_, at) =>
    (at % 100 === 50 ? '{"id": "bad"}' : JSON.stringify({ id: `r${at}`, vector: [at + 1, 1], metadata: { at } })));
  writeFileSync(commands.path(name), `${lines.join('\n')}\n`);
  return commands.path(name);
}

async function versions(collection: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const read = { consistency: 'strong', token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false } as const;
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof commands.client.scroll>> = await commands.client.scroll({ collection, limit: 1000, cursor, read });
    for (const { id, version } of page.records) found.set(id, version);
    ({ cursor } = page);
  } while (cursor !== null);
  return found;
}

function stateOf(path: string): ImportState | undefined {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) as ImportState : undefined;
}

/** Waits until some of an import is acknowledged. */
async function someAcknowledged(state: string): Promise<void> {
  for (let tries = 0; (stateOf(state)?.batches ?? 0) < 20; tries += 1) {
    assert.ok(tries < 2_000, 'nothing was imported');
    await sleep(5);
  }
}

function checkRejects(path: string): void {
  const refused = readFileSync(path, 'utf8').trim().split('\n').map((line) => (JSON.parse(line) as { row: number }).row);
  assert.deepEqual(refused, Array.from({ length: rows / 100 }, (_, at) => at * 100 + 51), 'each refused row is in the file once, in order');
}

test('Ctrl-C waits for what is under way and keeps the place; --resume imports the rest', async () => {
  const input = writeRows('stopped.jsonl');
  const [state, rejects] = [commands.path('stopped.state'), commands.path('stopped.rejects')];
  const args = ['import', input, '-c', 'stopped', '--create', '--dimension', '2', '--batch', '5', '--state', state, '--rejects', rejects];
  const signals = new EventEmitter();
  const running = commands.run(args, { signals });
  await someAcknowledged(state);
  signals.emit('SIGINT', 'SIGINT');
  const stopped = await running;
  assert.equal(stopped.code, 130);
  assert.match(stopped.err, /CANCELLED after [\d,]+ rows: stopped; the same command with --resume goes on/);
  const before = await versions('stopped');
  const { imported = 0 } = stateOf(state) ?? {};
  assert.equal(before.size, imported, 'the state tells exactly what is there');
  assert.ok(imported < rows - rows / 100, 'it was stopped in the middle');

  const resumed = await commands.run([...args, '--resume', '--json']);
  assert.equal(resumed.code, 1, 'there are refused rows');
  assert.match(resumed.err, /Goes on after [\d,]+ rows/);
  assert.deepEqual(JSON.parse(resumed.out), { collection: 'stopped', files: [{ file: input, imported: 1188, refused: 12 }] });
  const all = await versions('stopped');
  assert.equal(all.size, 1188);
  for (const [id, version] of before) assert.equal(all.get(id), version, `${id} was not written again`);
  assert.equal(existsSync(state), false);
  checkRejects(rejects);
});

test('after SIGKILL batches are sent again and applied once', async () => {
  const input = writeRows('killed.jsonl');
  const [state, rejects] = [commands.path('killed.state'), commands.path('killed.rejects')];
  const args = ['import', input, '-c', 'killed', '--create', '--dimension', '2', '--batch', '5', '--concurrency', '8', '--state', state, '--rejects', rejects];
  const main = join(import.meta.dirname, '..', 'main.ts');
  const child = spawn(process.execPath, ['--no-warnings', main, ...args, '--server', commands.address], { stdio: 'ignore' });
  const ended = new Promise((resolve) => { child.on('exit', resolve); });
  await someAcknowledged(state);
  child.kill('SIGKILL');
  await ended;
  const before = await versions('killed');
  const acknowledged = stateOf(state)?.imported ?? 0;
  assert.ok(before.size >= acknowledged && before.size < 1188, `${before.size} are there, the state tells of ${acknowledged}`);

  const resumed = await commands.run([...args, '--resume']);
  assert.equal(resumed.code, 1);
  assert.match(resumed.err, /1,188 records imported, [\d,]+ of them earlier/);
  const all = await versions('killed');
  assert.equal(all.size, 1188);
  for (const [id, version] of before) assert.equal(all.get(id), version, `${id} was applied once`);
  checkRejects(rejects);
});

test('--resume refuses an input that changed, a collection made anew, and a state that is none', async () => {
  const input = writeRows('changed.jsonl');
  const state = commands.path('changed.state');
  const args = ['import', input, '-c', 'changed', '--create', '--dimension', '2', '--batch', '5', '--state', state];
  const signals = new EventEmitter();
  const running = commands.run(args, { signals });
  await someAcknowledged(state);
  signals.emit('SIGINT', 'SIGINT');
  assert.equal((await running).code, 130);
  const content = readFileSync(input);

  writeFileSync(input, Buffer.concat([content, Buffer.from('\n{"id": "more", "vector": [1, 2]}\n')]));
  assert.match((await commands.run([...args, '--resume'])).err, /FAILED_PRECONDITION .*the input has changed since; without --resume it begins anew/);
  writeFileSync(input, content);
  await commands.client.deleteCollection({ collection: 'changed' });
  assert.match((await commands.run([...args, '--resume'])).err, /the collection was deleted and made anew since/);
  writeFileSync(state, '{"version": 2}');
  assert.match((await commands.run([...args, '--resume'])).err, /is not the state of an import/);
});

test('the same file imported again is written again: a record deleted in between comes back', async () => {
  writeFileSync(commands.path('twice.jsonl'), '{"id": "a", "vector": [1, 2]}\n{"id": "b", "vector": [1, 2]}\n');
  const args = ['import', commands.path('twice.jsonl'), '-c', 'twice', '--create'];
  assert.equal((await commands.run(args)).code, 0);
  await commands.client.delete({ collection: 'twice', ids: ['a'] });
  assert.equal((await commands.run(args)).code, 0);
  assert.deepEqual([...(await versions('twice')).keys()], ['a', 'b']);
});
