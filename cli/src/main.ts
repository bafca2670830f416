#!/usr/bin/env node
/** The command `proximadb`. */
import process from 'node:process';
import { run } from './run.ts';

// `proximadb export … | head`: whoever reads has enough, which is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.exitCode = await run(process.argv.slice(2), {
  environment: process.env, signals: process, out: process.stdout, err: process.stderr, input: process.stdin,
});
