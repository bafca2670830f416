import { strict as assert } from 'node:assert';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { DeleteObjectCommand, HeadObjectCommand, ListMultipartUploadsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { crc32c } from '@node-rs/crc32';
import { AppError, type Code } from '@proximadb/errors';
import { missing, sharedMinio, type SharedMinio } from '@proximadb/test-cluster';
import { checksumText } from './crc32c.ts';
import { startFaultyProxy, type FaultyProxy, type Passing } from './faulty-proxy.fixture.ts';
import type { Revision } from '../port.ts';
import { S3Blobs } from './index.ts';
import type { S3Options } from './bucket.ts';

const MiB = 1024 * 1024;
const isCode = (code: Code, ...words: string[]) => (error: unknown): boolean => {
  assert.ok(error instanceof AppError, String(error));
  assert.deepEqual([error.code, ...words.filter((word) => !error.message.includes(word))], [code], error.message);
  return true;
};
const isGet = ({ method }: Passing): boolean => method === 'GET';
const isPut = ({ method }: Passing): boolean => method === 'PUT';
/** The first requests of a kind. */
const first = (count: number, matches: (passing: Passing) => boolean) => (passing: Passing): boolean => matches(passing) && count-- > 0;

describe('S3 when something fails', { skip: missing('minio') }, () => {
  const prefix = `faults-${randomUUID()}`;
  const directory = mkdtempSync(join(tmpdir(), 'proximadb-s3-faults-'));
  let minio: SharedMinio;
  let proxy: FaultyProxy;
  let plain: S3Client;
  const opened: S3Blobs[] = [];
  const open = (options: Partial<S3Options> = {}): S3Blobs => {
    const { region, bucket, accessKeyId, secretAccessKey } = minio;
    const store = new S3Blobs({ endpoint: proxy.endpoint, region, bucket, prefix, credentials: { accessKeyId, secretAccessKey }, ...options });
    opened.push(store);
    return store;
  };
  const file = (content: Uint8Array): string => {
    const path = join(directory, randomUUID());
    writeFileSync(path, content);
    return path;
  };
  const everything = (store: S3Blobs): (() => Promise<unknown>)[] => [
    () => store.get('x'), () => store.upload('x', file(randomBytes(10))), () => Array.fromAsync(store.list('')), () => store.putIf('x', Buffer.from('x'), null),
    () => store.download('x', join(directory, randomUUID())), () => store.delete(['x']),
  ];
  const text = async (store: S3Blobs, key: string): Promise<string> => Buffer.from((await store.get(key))?.content ?? []).toString();
  before(async () => {
    minio = await sharedMinio();
    const { endpoint, region, accessKeyId, secretAccessKey } = minio;
    plain = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
    proxy = await startFaultyProxy(endpoint);
  });
  beforeEach(() => {
    proxy.spoil = undefined;
    proxy.seen.length = 0;
  });
  after(async () => {
    proxy.spoil = undefined;
    const store = open();
    await store.delete((await Array.fromAsync(store.list(''))).map(({ key }) => key));
    for (const each of opened) await each[Symbol.asyncDispose]();
    plain.destroy();
    await proxy[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  test('who won the compare and set, and never heard of it, is told so after all', async () => {
    const store = open();
    for (const lost of [1, 2, 4]) {
      const key = `lost-${lost}`;
      await store.putIf('warm', Buffer.from('up'), null);
      for (let round = 0, revision = null; round < 3; round += 1) {
        proxy.spoil = (passing) => (spoilt(passing) ? { kind: 'swallow-answer' } : undefined);
        const spoilt = first(lost, isPut);
        revision = await store.putIf(key, Buffer.from(`content ${round}`), revision) ?? assert.fail('it won');
        assert.deepEqual([await text(store, key), (await store.get(key))?.revision], [`content ${round}`, revision]);
      }
    }
  });

  test('who lost the compare and set, and never heard of it, has lost', async () => {
    const store = open();
    const winner = await store.putIf('taken', Buffer.from('same'), null);
    const spoilt = first(1, isPut);
    proxy.spoil = (passing) => (spoilt(passing) ? { kind: 'swallow-answer' } : undefined);
    // With the very content of the winner, even.
    assert.equal(await store.putIf('taken', Buffer.from('same'), null), undefined);
    assert.equal((await store.get('taken'))?.revision, winner);
  });

  test('a race in which answers are lost has one winner', async () => {
    const store = open();
    let count = 0;
    proxy.spoil = (passing) => (isPut(passing) && count++ % 4 === 0 ? { kind: 'swallow-answer' } : undefined);
    for (let round = 0, revision = null; round < 10; round += 1) {
      const before: Revision | null = revision;
      const contents = [0, 1, 2, 3].map((writer) => Buffer.from(`${round}.${writer}`));
      const answers: (Revision | undefined)[] = await Promise.all(contents.map((content) => store.putIf('raced', content, before)));
      const winners = answers.flatMap((answer, writer) => (answer === undefined ? [] : [writer]));
      assert.equal(winners.length, 1, `round ${round}`);
      assert.equal(await text(store, 'raced'), `${round}.${winners[0]}`);
      revision = answers[winners[0]!]!;
    }
  });

  test('a conflict with another put under way is tried again', async () => {
    const store = open();
    await store.putIf('warm-too', Buffer.from('up'), null);
    const spoilt = first(3, isPut);
    proxy.spoil = (passing) => (spoilt(passing) ? { kind: 'answer', status: 409, code: 'ConditionalRequestConflict' } : undefined);
    assert.ok(await store.putIf('conflict', Buffer.from('x'), null) !== undefined);
    proxy.spoil = () => ({ kind: 'answer', status: 409, code: 'ConditionalRequestConflict' });
    await assert.rejects(store.putIf('conflict', Buffer.from('x'), null), isCode('UNAVAILABLE'));
  });

  test('a store that ignores conditions is refused before anything is written', async () => {
    const store = open();
    proxy.spoil = (passing) => (isPut(passing) ? { kind: 'replace', by: async ({ url, body }) => {
      const { ETag } = await plain.send(new PutObjectCommand({
        Bucket: minio.bucket, Key: new URL(url, proxy.endpoint).pathname.slice(minio.bucket.length + 2), Body: body,
      }));
      return { status: 200, headers: { etag: ETag }, body: Buffer.alloc(0) };
    } } : undefined);
    await assert.rejects(store.putIf('ignored', Buffer.from('x'), null), isCode('FAILED_PRECONDITION', 'operator', 'If-Match'));
    assert.deepEqual((await Array.fromAsync(store.list(''))).filter(({ key }) => /ignored|conditional/.test(key)), []);
    proxy.spoil = undefined;
    assert.ok(await store.putIf('ignored', Buffer.from('x'), null) !== undefined, 'asked again, it has mended its ways');
  });

  test('slowing down, errors of the server and broken connections are tried again, with pauses', async () => {
    const store = open();
    for (const fault of [
      { kind: 'answer', status: 503, code: 'SlowDown' }, { kind: 'answer', status: 500, code: 'InternalError' },
      { kind: 'answer', status: 503, code: 'ServiceUnavailable' },
      { kind: 'break' }, { kind: 'swallow-answer' },
    ] as const) {
      const key = `retried/${randomUUID()}`;
      const content = randomBytes(100_000);
      let spoilt = first(2, () => true);
      proxy.spoil = (passing) => (spoilt(passing) ? fault : undefined);
      await store.upload(key, file(content));
      spoilt = first(2, () => true);
      assert.ok(Buffer.from((await store.get(key))?.content ?? []).equals(content));
      spoilt = first(2, () => true);
      assert.equal((await Array.fromAsync(store.list(key))).length, 1);
      spoilt = first(2, () => true);
      await store.delete([key]);
      assert.deepEqual(await Array.fromAsync(store.list(key)), []);
    }
  });

  test('a store that stays away is UNAVAILABLE, after so many attempts and no more', async () => {
    const store = open({ attempts: 3 });
    const path = file(randomBytes(10));
    const calls = [
      () => store.upload('away', path), () => store.get('away'), () => store.download('away', join(directory, randomUUID())),
      () => store.putIf('away', Buffer.from('x'), null), () => Array.fromAsync(store.list('')), () => store.delete(['away']),
    ];
    for (const fault of [{ kind: 'answer', status: 503, code: 'SlowDown' }, { kind: 'break' }] as const) {
      proxy.spoil = () => fault;
      for (const call of calls) await assert.rejects(call, isCode('UNAVAILABLE', `s3://${minio.bucket}/${prefix}`));
    }
    proxy.seen.length = 0;
    await assert.rejects(Array.fromAsync(store.list('')), isCode('UNAVAILABLE'));
    assert.equal(proxy.seen.length, 3);
  });

  test('a server that is not there is UNAVAILABLE within seconds', async () => {
    const store = open({ endpoint: 'http://127.0.0.1:9' });
    const startMs = performance.now();
    for (const call of [() => store.get('x'), () => store.putIf('x', Buffer.from('x'), null), () => store.upload('x', file(randomBytes(17 * MiB)))]) {
      await assert.rejects(call, isCode('UNAVAILABLE', 'ECONNREFUSED'));
    }
    assert.ok(performance.now() - startMs < 30_000);
  });

  test('a server that says nothing is UNAVAILABLE after the time it may be silent', async () => {
    const store = open({ timeoutMs: 200, attempts: 2 });
    proxy.spoil = () => ({ kind: 'silence' });
    const startMs = performance.now();
    for (const call of [() => store.get('x'), () => store.upload('x', file(randomBytes(17 * MiB)))]) await assert.rejects(call, isCode('UNAVAILABLE'));
    assert.ok(performance.now() - startMs < 30_000);
  });

  test('a download that breaks off goes on where it was', async () => {
    const store = open();
    const content = randomBytes(9 * MiB);
    await store.upload('cut', file(content));
    proxy.seen.length = 0;
    proxy.spoil = (passing) => (isGet(passing) ? { kind: 'cut', bytes: 2 * MiB } : undefined);
    const path = join(directory, randomUUID());
    await store.download('cut', path);
    assert.ok(readFileSync(path).equals(content));
    const ranges = proxy.seen.filter(isGet).map(({ headers }) => Number(/^bytes=(\d+)-$/.exec(String(headers['range']))?.[1] ?? 0));
    assert.ok(ranges.length >= 5 && ranges.every((from, i) => i === 0 || from > ranges[i - 1]!), ranges.join());
  });

  test('a download that never gets on is UNAVAILABLE and leaves no file', async () => {
    const store = open({ attempts: 3 });
    await store.upload('stuck', file(randomBytes(3 * MiB)));
    proxy.seen.length = 0;
    proxy.spoil = (passing) => (isGet(passing) ? { kind: 'cut', bytes: 100 } : undefined);
    const path = join(directory, randomUUID());
    await assert.rejects(store.download('stuck', path), isCode('UNAVAILABLE'));
    assert.equal(existsSync(path), false);
    assert.ok(proxy.seen.length <= 3, `${proxy.seen.length} requests`);
  });

  test('an object that is replaced while its download is broken off comes whole all the same', async () => {
    const store = open();
    const [old, young] = [randomBytes(5 * MiB), randomBytes(4 * MiB)];
    await store.upload('swapped', file(old));
    let cuts = 0;
    proxy.spoil = (passing) => {
      if (!isGet(passing) || cuts++ > 0) return undefined;
      return { kind: 'cut', bytes: 2 * MiB };
    };
    const path = join(directory, randomUUID());
    const download = store.download('swapped', path);
    while (cuts === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await open().upload('swapped', file(young));
    await download;
    assert.ok([old, young].some((content) => content.equals(readFileSync(path))));
  });

  test('a bit that flips on its way down is DATA_LOSS and leaves no file', async () => {
    const store = open();
    for (const size of [1_000, 20 * MiB]) {
      await store.upload('flipped', file(randomBytes(size)));
      proxy.spoil = (passing) => (isGet(passing) ? { kind: 'flip' } : undefined);
      const path = join(directory, randomUUID());
      await assert.rejects(store.download('flipped', path), isCode('DATA_LOSS', 'checksum'));
      assert.equal(existsSync(path), false);
      await assert.rejects(store.get('flipped'), isCode('DATA_LOSS', 'checksum'));
      proxy.spoil = undefined;
    }
  });

  test('the server has the checksum of the whole, of small objects and of those that went in parts', async () => {
    const store = open();
    for (const size of [0, 1_000, 40 * MiB + 1]) {
      const content = randomBytes(size);
      await store.upload('summed', file(content));
      const head = await plain.send(new HeadObjectCommand({ Bucket: minio.bucket, Key: `${prefix}/summed`, ChecksumMode: 'ENABLED' }));
      assert.deepEqual([head.ChecksumCRC32C, head.ContentLength], [checksumText(crc32c(content)), size]);
    }
    const put = new PutObjectCommand({ Bucket: minio.bucket, Key: `${prefix}/wrong`, Body: 'x', ChecksumCRC32C: checksumText(1) });
    await assert.rejects(plain.send(put), 'and refuses a content that has another one');
  });

  test('an upload in parts survives lost answers, that of its end too', async () => {
    const store = open();
    for (const lost of ['POST uploads', 'PUT', 'POST uploadId']) {
      const content = randomBytes(40 * MiB);
      const matches = ({ method, url }: Passing): boolean =>
        lost.startsWith(method) && (method === 'PUT' || lost.includes('uploadId') === url.includes('uploadId='));
      const spoilt = first(lost === 'PUT' ? 3 : 1, matches);
      let count = 0;
      proxy.spoil = (passing) => {
        if (!spoilt(passing)) return undefined;
        count += 1;
        return { kind: 'swallow-answer' };
      };
      const key = `parts/${randomUUID()}`;
      await store.upload(key, file(content));
      assert.ok(count > 0, lost);
      proxy.spoil = undefined;
      assert.ok(Buffer.from((await store.get(key))?.content ?? []).equals(content), lost);
    }
  });

  test('an upload in parts that fails or is aborted leaves none of them', async () => {
    const store = open({ attempts: 2 });
    const path = file(randomBytes(100 * MiB));
    const left = async (): Promise<string[]> => {
      const { Uploads = [] } = await plain.send(new ListMultipartUploadsCommand({ Bucket: minio.bucket, Prefix: `${prefix}/broken` }));
      return Uploads.map(({ Key }) => Key ?? '');
    };
    proxy.spoil = ({ method, url }) => (method === 'PUT' && url.includes('partNumber=4') ? { kind: 'answer', status: 500, code: 'InternalError' } : undefined);
    await assert.rejects(store.upload('broken', path), isCode('UNAVAILABLE'));
    assert.deepEqual(await left(), []);
    proxy.spoil = ({ method, url }) => (method === 'PUT' && url.includes('partNumber=4') ? { kind: 'silence' } : undefined);
    const stop = new AbortController();
    const upload = store.upload('broken', path, stop.signal);
    while (!proxy.seen.some(({ url }) => url.includes('partNumber=4'))) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    await assert.rejects(upload, isCode('CANCELLED'));
    assert.deepEqual(await left(), []);
    assert.equal(await store.get('broken'), undefined);
  });

  test('credentials that are wrong are for the operator, and are not tried again', async () => {
    const { accessKeyId, secretAccessKey } = minio;
    for (const credentials of [{ accessKeyId, secretAccessKey: 'wrong-secret' }, { accessKeyId: 'nobody-we-know', secretAccessKey }]) {
      const store = open({ credentials });
      proxy.seen.length = 0;
      await assert.rejects(store.get('x'), isCode('UNAUTHENTICATED', 'operator'));
      assert.equal(proxy.seen.length, 1);
      await assert.rejects(store.putIf('x', Buffer.from('x'), null), isCode('UNAUTHENTICATED', 'operator'));
      await assert.rejects(store.upload('x', file(randomBytes(17 * MiB))), isCode('UNAUTHENTICATED', 'operator'));
    }
  });

  test('a put that is denied because its folder is being removed is tried again, and one that is denied each time is not for long', async () => {
    const store = open();
    await store.putIf('warm-denied', Buffer.from('up'), null);
    const calls: readonly (() => Promise<unknown>)[] = [
      () => store.upload('denied', file(randomBytes(10))),
      () => store.upload('denied-parts', file(randomBytes(17 * MiB))),
      () => store.putIf('denied-if', Buffer.from('x'), null),
    ];
    const ends = ({ method, url }: Passing): boolean => (method === 'PUT' && !url.includes('partNumber')) || (method === 'POST' && url.includes('uploadId'));
    for (const call of calls) {
      const spoilt = first(2, ends);
      proxy.spoil = (passing) => (spoilt(passing) ? { kind: 'answer', status: 403, code: 'AccessDenied' } : undefined);
      await call();
    }
    assert.equal((await Array.fromAsync(store.list('denied'))).length, 3);
    proxy.spoil = (passing) => (ends(passing) ? { kind: 'answer', status: 403, code: 'AccessDenied' } : undefined);
    for (const call of calls) {
      proxy.seen.length = 0;
      await assert.rejects(call, isCode('PERMISSION_DENIED', 'operator'));
      assert.equal(proxy.seen.filter(ends).length, 3);
    }
  });

  test('what the credentials do not allow is PERMISSION_DENIED', async () => {
    const store = open();
    // Without a signature the server knows nobody, and allows them nothing.
    proxy.spoil = () => ({ kind: 'change', headers: ({ authorization: _, ...headers }) => headers });
    for (const call of everything(store)) {
      await assert.rejects(call, isCode('PERMISSION_DENIED', 'operator'));
    }
  });

  test('a bucket that is not there is for the operator', async () => {
    const store = open({ bucket: 'never-made' });
    for (const call of everything(store)) {
      await assert.rejects(call, isCode('FAILED_PRECONDITION', 'never-made', 'operator'));
    }
  });

  test('a content that somebody else put without a checksum is read, too', async () => {
    await plain.send(new PutObjectCommand({ Bucket: minio.bucket, Key: `${prefix}/foreign`, Body: 'foreign' }));
    assert.equal(await text(open(), 'foreign'), 'foreign');
    await plain.send(new DeleteObjectCommand({ Bucket: minio.bucket, Key: `${prefix}/foreign` }));
  });
});
