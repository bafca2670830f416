import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { logContract } from '../contract.ts';
import { EmbeddedLog } from './index.ts';

const directory = await mkdtemp(join(tmpdir(), 'proximadb-log-'));
after(() => rm(directory, { recursive: true, force: true }));

logContract('embedded', async () => {
  const log = await EmbeddedLog.open({ directory });
  return { log, close: () => log[Symbol.asyncDispose]() };
});
