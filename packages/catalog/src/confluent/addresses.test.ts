import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { parseAddresses } from './addresses.ts';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

test('URLs are separated by commas, keep their paths, and lose their credentials', () => {
  assert.deepEqual(parseAddresses('http://one:8081, https://user:p%40s%2Cs%3A@two/apis/ccompat/v7/ ,'), [
    { base: 'http://one:8081', authorization: undefined },
    { base: 'https://two/apis/ccompat/v7', authorization: basic('user:p@s,s:') },
  ]);
});

test('a URL without credentials has those that are given for all, in UTF-8', () => {
  assert.deepEqual(parseAddresses('http://one,http://own:x@two', { username: 'us', password: 'pä:s' }), [
    { base: 'http://one', authorization: basic('us:pä:s') }, { base: 'http://two', authorization: basic('own:x') },
  ]);
});

const refused: readonly [what: string, urls: string, part: RegExp][] = [
  ['nothing', ' , ', /names no URL/],
  ['no URL', 'http://a,user:secret@host:8081', /URL 2 is none/],
  ['another protocol', 'redis://user:secret@host', /URL 1 is none/],
  ['a query', 'http://user:secret@host/?a=b', /must end with its path/],
  ['a lonely %', 'http://user:secret%@host', /%25/],
  ['too many', Array.from({ length: 17 }, (_, at) => `http://h${at}`).join(), /more than 16/],
];
for (const [what, urls, part] of refused) {
  test(`${what} is refused, and no password is shown`, () => {
    assert.throws(() => parseAddresses(urls), (error) => {
      assert.ok(error instanceof AppError && error.code === 'INVALID_ARGUMENT');
      assert.match(error.message, part);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });
}
