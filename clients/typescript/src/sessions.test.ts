/** Reads see what their session wrote, without being told. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ProximaError} from './index.ts';
import { type Database } from './index.ts';
import { ServerProcess } from './testing/server.ts';

let server: ServerProcess;
before(async () => { server = await ServerProcess.start(); });
after(() => server[Symbol.asyncDispose]());

for (const transport of ['grpc', 'rest'] as const) {
  describe(`over ${transport}`, () => {
    let db: Database;
    before(() => { db = server.connect(transport); });
    after(() => db[Symbol.asyncDispose]());

    test('every read sees the writes before it, wherever they went', async () => {
      const all = await db.createCollection({ name: `own-${transport}`, dimension: 2 });
      for (let at = 1; at <= 60; at++) {
        await Promise.all([0, 1, 2].map((part) => all.upsert([{ id: `${at}-${part}`, vector: [at, part + 1] }])));
        assert.equal(await all.count(), at * 3);
        assert.equal((await all.search([at, 1], { k: 200, exact: true })).hits.length, Math.min(200, at * 3));
      }
      await all.delete(['1-0']);
      assert.equal(await all.get('1-0'), undefined);
    });

    test('a token takes what a session has seen to another one', async () => {
      const all = await db.createCollection({ name: `handed-${transport}`, dimension: 2 });
      await all.upsert([{ id: 'a', vector: [1, 1] }]);
      const other = db.session().collection(`handed-${transport}`);
      assert.equal(other.token, undefined);
      const { token } = all;
      assert.ok(token !== undefined);
      other.seen(token);
      assert.equal(await other.count(), 1);
      assert.equal(await db.session().collection(`handed-${transport}`).count({ token }), 1);
      assert.equal(await db.session().collection(`handed-${transport}`).count({ consistency: 'strong' }), 1);
      assert.ok(await db.session().collection(`handed-${transport}`).count({ consistency: { maxStalenessMs: 60_000 } }) <= 1);
      assert.ok(await all.count({ consistency: 'eventual' }) <= 1);
    });

    test('a collection that somebody deleted and made again is read on', async () => {
      const name = `anew-${transport}`;
      const all = await db.createCollection({ name, dimension: 2 });
      await all.upsert([{ id: 'a', vector: [1, 1] }, { id: 'b', vector: [1, 1] }]);
      await using somebody = server.connect(transport);
      await somebody.deleteCollection(name);
      const anew = await somebody.createCollection({ name, dimension: 2 });
      await anew.upsert([{ id: 'c', vector: [1, 1] }]);
      assert.ok(await all.count() <= 1);
      await all.upsert([{ id: 'd', vector: [1, 1] }]);
      assert.equal(await all.count({ consistency: 'strong' }), 2);
    });

    test('a token that is none, or that a caller gives by hand for another collection, is refused', async () => {
      const all = await db.createCollection({ name: `refused-${transport}`, dimension: 2 });
      const { token } = await all.upsert([{ id: 'a', vector: [1, 1] }]);
      await db.createCollection({ name: `refusing-${transport}`, dimension: 2 });
      const other = db.collection(`refusing-${transport}`);
      await assert.rejects(other.count({ token }), (thrown: ProximaError) => thrown.code === 'FAILED_PRECONDITION');
      await assert.rejects(other.count({ token: 'no token' }), (thrown: ProximaError) => thrown.code === 'INVALID_ARGUMENT');
    });
  });
}
