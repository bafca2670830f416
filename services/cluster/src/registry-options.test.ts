import { strict as assert } from 'node:assert';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { registryOptions } from './registry-options.ts';

const url = 'https://registry:8081';
let folder: string;
before(async () => { folder = await mkdtemp(join(tmpdir(), 'proximadb-registry-options-')); });
after(() => rm(folder, { recursive: true }));

test('a URL alone is all that is needed', () => {
  assert.deepEqual(registryOptions({ url }), { url });
});

test('the files of certificates are read, each to where the client looks for it', async () => {
  const file = async (name: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, `the ${name}`);
    return path;
  };
  const options = registryOptions({ url, caFile: await file('ca'), certFile: await file('cert'), keyFile: await file('key') });
  assert.deepEqual(options, { url, tls: { ca: Buffer.from('the ca'), cert: Buffer.from('the cert'), key: Buffer.from('the key') } });
  assert.deepEqual(registryOptions({ url, caFile: join(folder, 'ca') }), { url, tls: { ca: Buffer.from('the ca') } });
});

test('a name goes with a password', () => {
  assert.deepEqual(registryOptions({ url, username: 'reader', password: 'secret' }), { url, credentials: { username: 'reader', password: 'secret' } });
  for (const half of [{ username: 'reader' }, { password: 'secret' }]) {
    assert.throws(() => registryOptions({ url, ...half }), (error) =>
      error instanceof AppError && error.code === 'INVALID_ARGUMENT' && error.message.includes('registry.username'));
  }
});

test('a file that is not there is named, with its setting', () => {
  const missing = join(folder, 'missing.pem');
  assert.throws(() => registryOptions({ url, keyFile: missing }), (error) =>
    error instanceof AppError && error.code === 'INVALID_ARGUMENT' && error.message.includes('registry.keyFile') && error.message.includes(missing));
});
