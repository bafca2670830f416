import { strict as assert } from 'node:assert';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandEnvironment, commandFlags, commandLine } from './command.ts';

test('the command is run by its own first line, and says so to whoever runs it otherwise', () => {
  assert.match(execFileSync(commandLine, ['--help'], { encoding: 'utf8' }), /^Usage: proximadb /);
  assert.deepEqual([commandEnvironment['MALLOC_TRIM_THRESHOLD_'], commandFlags.includes('--max-semi-space-size=16')], ['131072', true]);
});

const skip = process.platform === 'linux' ? false : 'a process is looked at by /proc, which Linux has';

test('npm runs it as its first line says', { skip }, async () => {
  const root = join(import.meta.dirname, '..', '..');
  const reads = ['import', '-', '--format', 'jsonl', '--collection', 'none', '--server', '127.0.0.1:9'];
  const launched = spawn(process.execPath, [join(root, 'scripts', 'launch.mjs'), 'proximadb', ...reads], { stdio: ['pipe', 'ignore', 'ignore'] });
  const childOf = (pid: number | undefined): number => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
  let [pid, text] = [0, ''];
  while (!text.includes('main.ts')) {
    assert.equal(launched.exitCode, null, 'it runs until its input ends');
    await new Promise((resolve) => { setTimeout(resolve, 20); });
    pid = childOf(launched.pid);
    text = pid > 0 ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
  }
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  for (const [name, value] of Object.entries(commandEnvironment)) assert.ok(environment.includes(`${name}=${value}`), name);
  for (const flag of commandFlags) assert.ok(text.split('\0').includes(flag), flag);
  launched.stdin.end();
  await once(launched, 'exit');
});
