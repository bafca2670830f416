#!/usr/bin/env node
/** The command `proximadb`. */
import process from 'node:process';
import { CommanderError } from 'commander';
import { describeFault, faultOf } from './faults.ts';
import { createProgram } from './program.ts';
import { colorsOf, exitCodes } from './terminal.ts';

// `proximadb export … | head`: whoever reads has enough, which is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
const exitWith = (code: number): void => { process.exitCode = code; };
const program = createProgram({
  environment: process.env, signals: process, out: process.stdout, err: process.stderr, input: process.stdin, exitWith,
});
try {
  await program.parseAsync(process.argv);
} catch (thrown) {
  // Commander has said what is wrong, or shown the help that was asked for.
  if (thrown instanceof CommanderError) exitWith(thrown.exitCode === 0 ? 0 : exitCodes.usage);
  else {
    const error = faultOf(thrown);
    const [first = '', ...rest] = describeFault(error);
    process.stderr.write(`${[colorsOf(process.stderr, process.env).red(first), ...rest].join('\n')}\n`);
    exitWith(error.code === 'CANCELLED' ? exitCodes.interrupted : exitCodes.failed);
  }
}
