import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { AppError } from '@proximadb/errors';
import { FsBlobs } from './fs/index.ts';
import { openBlobs } from './index.ts';
import { S3Blobs } from './s3/index.ts';

test('a file address opens a directory, which is made', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'proximadb-open blobs-'));
  try {
    const directory = join(parent, 'snap shots', 'ä');
    await using store = await openBlobs(pathToFileURL(directory).href);
    assert.ok(store instanceof FsBlobs);
    await store.putIf('a', Buffer.from('x'), null);
    assert.equal(readFileSync(join(directory, 'a'), 'utf8'), 'x');
  } finally {
    rmSync(parent, { recursive: true });
  }
});

test('an s3 address opens a bucket, without asking the server', async () => {
  for (const url of ['s3://bucket', 's3://bucket/', 's3://bucket/a/prefix', 's3://my.bucket-1/a/prefix/']) {
    await using store = await openBlobs(url, { endpoint: 'http://127.0.0.1:9', attempts: 1 });
    assert.ok(store instanceof S3Blobs, url);
    const prefix = url.replace(/\/+$/, '') + '/';
    await assert.rejects(store.get('key'), (error) => error instanceof AppError && error.message.includes(`${prefix}key`));
  }
});

test('another address is refused, saying what it has to be', async () => {
  for (const url of [
    '', 'bucket', '/directory', 'http://host/x', 'file://host/x', 'file:///', 's3://', 's3:///x', 's3://b/a//b', 's3://b/a b',
    's3://b/x?y=z', 's3://b/x#y', 's3://me@b/x', 's3://b:80/x',
  ]) {
    const refused = (error: unknown): boolean => error instanceof AppError && error.code === 'INVALID_ARGUMENT' && error.message.includes('s3://bucket/prefix');
    await assert.rejects(openBlobs(url), refused, url);
  }
});
