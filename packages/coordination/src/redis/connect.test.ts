import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { parseRedisUrl, type RedisPlace } from './connect.ts';

describe('URLs of Redis', () => {
  const forms: Record<string, RedisPlace> = {
    'redis://localhost': { form: 'single', tls: false, nodes: [{ host: 'localhost', port: 6379 }] },
    'redis://10.0.0.1:7000/': { form: 'single', tls: false, nodes: [{ host: '10.0.0.1', port: 7000 }] },
    'redis://:p%40ss%2Fword@cache:1/3': { form: 'single', tls: false, nodes: [{ host: 'cache', port: 1 }], password: 'p@ss/word', db: 3 },
    'rediss://user:a:b@[::1]:6380': { form: 'single', tls: true, nodes: [{ host: '::1', port: 6380 }], username: 'user', password: 'a:b' },
    'redis+sentinel://one,two:5000,[fe80::2]/my%20master': {
      form: 'sentinel', tls: false, master: 'my master', nodes: [{ host: 'one', port: 26379 }, { host: 'two', port: 5000 }, { host: 'fe80::2', port: 26379 }],
    },
    'rediss+sentinel://u:p@one/main/2': {
      form: 'sentinel', tls: true, master: 'main', db: 2, username: 'u', password: 'p', nodes: [{ host: 'one', port: 26379 }],
    },
    'redis+cluster://:x@a:1,b': { form: 'cluster', tls: false, password: 'x', nodes: [{ host: 'a', port: 1 }, { host: 'b', port: 6379 }] },
  };
  for (const [url, place] of Object.entries(forms)) {
    test(`read: ${url}`, () => { assert.deepEqual(parseRedisUrl(url), place); });
  }

  const none = [
    '', 'localhost:6379', 'http://localhost', 'redis://', 'redis://secret@', 'redis://a,b', 'redis://a:0', 'redis://a:65536', 'redis://a/x', 'redis://a/0/1',
    'redis://a?db=1',
    'redis+sentinel://a', 'redis+sentinel://a/m/x', 'redis+cluster://a/1', 'redis://a b:secret%zz@host', 'redis://[::1', 'redis://x:%zzsecret@a',
  ];
  for (const url of none) {
    test(`refused: ${url}`, () => {
      assert.throws(() => parseRedisUrl(url), (error) => error instanceof AppError && error.code === 'INVALID_ARGUMENT' && !error.message.includes('secret'));
    });
  }
});
