#!/usr/bin/env node
/** The command `proximadb`. */
import process from 'node:process';
import { toAppError, whoMustAct } from '@proximadb/errors';
import pc from 'picocolors';
import { createProgram } from './program.ts';

const program = createProgram({ environment: process.env, signals: process, out: process.stdout, err: process.stderr, input: process.stdin });
try {
  await program.parseAsync(process.argv);
} catch (thrown) {
  const error = toAppError(thrown);
  process.stderr.write(`${pc.red(error.code)} ${error.message}\n`);
  for (const { record, field, reason } of error.details.slice(0, 20)) {
    process.stderr.write(`  ${[record === undefined ? '' : `record ${record}`, field ?? '', reason].filter((part) => part !== '').join(': ')}\n`);
  }
  if (whoMustAct(error.code) === 'developer') process.stderr.write(`${error.stack ?? ''}\n`);
  process.exitCode = 1;
}
