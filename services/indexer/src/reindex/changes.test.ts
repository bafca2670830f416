import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Changes } from './changes.ts';

const key = (id: string): Uint8Array => Buffer.from(id);
const rows = new Map<string, { record: Uint8Array; offset: number }>();
const asked = (watermark: number, limit = 10, bytesMax = 1_000) =>
  ({ watermark, limit, bytesMax, read: (id: Uint8Array) => rows.get(Buffer.from(id).toString()) });
const shown = (page: ReturnType<Changes['since']>) =>
  page && { ...page, changes: page.changes.map(({ id, offset, record }) => [Buffer.from(id).toString(), offset, record !== null]) };

test('an id that changed is handed out once a page, as it is now, the longest unchanged first', () => {
  rows.clear();
  rows.set('a', { record: Buffer.from('A'), offset: 12 });
  const changes = new Changes(10, 10);
  for (const [id, offset] of [['a', 10], ['ü', 11], ['a', 12]] as const) changes.note(key(id), offset);
  changes.note(new Uint8Array(), 13);
  assert.deepEqual(shown(changes.since(10, asked(14))), { changes: [['ü', 11, false], ['a', 12, true]], next: 14, watermark: 14 });
  assert.deepEqual(shown(changes.since(14, asked(14))), { changes: [], next: 14, watermark: 14 });
});

test('a page that is full says where the next one begins; what was not asked for again is handed out again', () => {
  rows.clear();
  const changes = new Changes(10, 0);
  for (let offset = 0; offset < 5; offset += 1) changes.note(key(`k${offset}`), offset);
  assert.deepEqual(shown(changes.since(0, asked(5, 2))), { changes: [['k0', 0, false], ['k1', 1, false]], next: 2, watermark: 5 });
  assert.equal(changes.since(0, asked(5, 2))?.next, 2);
  assert.deepEqual(changes.since(2, asked(5, 10, 1))?.changes.length, 1, 'bytes are bounded, too');
});

test('what was forgotten is not answered for: before anybody watched, handed out to somebody else, or too much', () => {
  rows.clear();
  const changes = new Changes(3, 10);
  assert.equal(changes.since(9, asked(10)), undefined);
  changes.note(key('a'), 10);
  changes.note(key('b'), 11);
  assert.equal(changes.since(11, asked(12))?.changes.length, 1);
  assert.equal(changes.since(10, asked(12)), undefined, 'another copier went on from 11');
  for (let offset = 12; offset < 16; offset += 1) changes.note(key(`k${offset}`), offset);
  assert.equal(changes.since(12, asked(16)), undefined);
});
