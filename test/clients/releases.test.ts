/** The TypeScript client with servers and writers of other releases. */
import { strict as assert } from 'node:assert';
import { after, before, describe, test } from 'node:test';
import { wireSchemaId } from '@proximadb/record';
import { connect, type Collection, type GrpcDatabase } from 'proximadb';
import type { ReleaseName } from './other-release/releases.ts';
import { startOtherRelease, type OtherRelease } from './other-release/server.ts';

const metadata = { title: 'Stalker', year: 1979n, parts: [true, null, 0.5, 2n ** 60n, new Uint8Array([1, 2]), { of: 'two' }] };
const vector = [0.25, -1.5, 3];
const timestamp = 1_700_000_000_000_001n;
const expiresAt = 4_000_000_000_000_000n;

for (const name of ['newer', 'older'] as const) {
  describe(`a server of ${name === 'newer' ? 'a newer' : 'an older'} release`, () => {
    let running: Running;
    before(async () => { running = await start(name); });
    after(() => running[Symbol.asyncDispose]());

    test('takes records and patches in its own schema, and answers with what was written', async () => {
      const { films, release } = running;
      await films.upsert([{ id: 'stalker', vector, metadata, timestamp }, { id: 'mirror', vector: [1, 2, 3] }]);
      await films.patch([{ id: 'mirror', set: { year: 1975 }, unset: ['title'] }]);
      assert.deepEqual((await films.get(['stalker', 'mirror'])).map((record) => ({ ...record, version: '' })), [
        { id: 'stalker', version: '', vector: Float32Array.from(vector), metadata, timestamp, expiresAt: null },
        { id: 'mirror', version: '', vector: Float32Array.from([1, 2, 3]), metadata: { year: 1975n }, timestamp: 0n, expiresAt: null },
      ]);
      const { records: [stored] } = await release.server.client.get({ collection: 'films', ids: ['stalker'] });
      assert.equal(wireSchemaId(stored?.record ?? new Uint8Array()), release.schemaIds.VectorRecord);
    });

    test('its records are read by a client of a server of this release, beside its own', async () => {
      const { films, release } = running;
      await films.upsert([{ id: 'theirs', vector, metadata: { of: 'theirs' } }]);
      await using database = connect(`127.0.0.1:${release.server.standalone.grpcPort}`);
      const ours = database.collection('films');
      await ours.upsert([{ id: 'ours', vector, metadata: { of: 'ours' }, expiresAt }]);
      const { hits } = await ours.search(vector, { filter: { of: { $in: ['theirs', 'ours'] } }, include: ['metadata', 'vector'] });
      assert.deepEqual(new Map(hits.map((hit) => [hit.id, [hit.metadata, hit.vector]])), new Map([
        ['ours', [{ of: 'ours' }, Float32Array.from(vector)]], ['theirs', [{ of: 'theirs' }, Float32Array.from(vector)]],
      ]));
    });
  });
}

test('an expiry is refused where the server knows none, and kept where it does', async () => {
  await using older = await start('older');
  const refused = { code: 'FAILED_PRECONDITION', message: /no place for all/ };
  await assert.rejects(older.films.upsert([{ id: 'gone', vector, expiresAt }]), refused);
  await assert.rejects(older.films.patch([{ id: 'gone', expiresAt: null }]), refused);
  await using newer = await start('newer');
  await newer.films.upsert([{ id: 'gone', vector, expiresAt }]);
  assert.equal((await newer.films.get('gone'))?.expiresAt, expiresAt);
});

test('a field that only the server can fill is one that the client cannot write', async () => {
  await using broken = await start('broken');
  await assert.rejects(broken.films.upsert([{ id: 'a', vector }]), { code: 'FAILED_PRECONDITION', message: /client of the server's release/ });
});

interface Running extends AsyncDisposable {
  readonly release: OtherRelease;
  readonly films: Collection;
}

async function start(name: ReleaseName): Promise<Running> {
  const release = await startOtherRelease(name);
  // The front has no streams.
  const database: GrpcDatabase = connect(release.address, { searchStreams: false });
  return {
    release, films: await database.createCollection({ name: 'films', dimension: vector.length }),
    async [Symbol.asyncDispose]() {
      database.close();
      await release[Symbol.asyncDispose]();
    },
  };
}
