import { strict as assert } from 'node:assert';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createProgram } from './program.ts';

const streams = {
  environment: {}, signals: { on() {}, off() {}, exit() {} }, out: new PassThrough(), err: new PassThrough(), input: new PassThrough(), exitWith: () => {},
};
const namesOf = async (args: readonly string[]): Promise<string[]> => (await createProgram(args, streams)).commands.map((command) => command.name());

test('a command line that begins with a command has it, and not those of other files', async () => {
  const all = await namesOf([]);
  assert.ok(all.length > 10);
  for (const name of all) {
    const some = await namesOf([name, '--help']);
    assert.ok(some.includes(name) && some.length <= 3, `${name}: ${some.join(' ')}`);
  }
});

test('any other one has all', async () => {
  const all = await namesOf([]);
  for (const args of [['--help'], ['help', 'start'], ['strat'], ['--version']]) assert.deepEqual(await namesOf(args), all);
});
