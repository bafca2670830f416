/** What is REST's own: answers that get lost, and whatever stands between a client and its server. Faults are made where fetch is. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, ProximaError } from '../rest.ts';
import { ServerProcess } from '../testing/server.ts';

let server: ServerProcess;
before(async () => { server = await ServerProcess.start(); });
after(() => server[Symbol.asyncDispose]());

interface Sent {
  readonly url: string;
  readonly body: { readonly requestId?: string; readonly attempt?: number; readonly timeoutMs?: number };
}

/** The runtime's fetch, with something in its way: what it returns in place of the answer, or throws after the answer came. */
function disturbed(disturb: (time: number) => Response | 'lost' | undefined): { readonly sent: Sent[]; readonly fetch: typeof fetch } {
  const sent: Sent[] = [];
  return {
    sent,
    async fetch(input, init) {
      const url = input as string;
      const time = sent.push({ url, body: typeof init?.body === 'string' ? JSON.parse(init.body) as Sent['body'] : {} }) - 1;
      const instead = disturb(time);
      if (instead instanceof Response) return instead;
      const answer = await fetch(input, init);
      if (instead === 'lost') throw new TypeError('fetch failed', { cause: new Error('the connection was reset') });
      return answer;
    },
  };
}

test('a write whose answer is lost is repeated with its request id, and applied once', async () => {
  const { sent, fetch } = disturbed((time) => (time === 1 || time === 2 ? 'lost' : undefined));
  await using db = connect(server.addresses.rest, { fetch, backoffMs: 1 });
  const all = await db.createCollection({ name: 'lost', dimension: 2 });
  const { versions, refused } = await all.upsert([{ id: 'a', vector: [1, 1], ifAbsent: true }]);
  assert.deepEqual(refused, []);
  assert.equal((await all.get('a'))?.version, versions[0]);
  const writes = sent.slice(1, 4).map(({ body }) => body);
  assert.deepEqual(writes.map(({ attempt }) => attempt ?? 0), [0, 1, 2]);
  assert.equal(new Set(writes.map(({ requestId }) => requestId)).size, 1);
  assert.match(writes[0]?.requestId ?? '', /^[0-9a-f]{32}$/);
});

test('a collection whose making or deleting is repeated is made and deleted', async () => {
  const { fetch } = disturbed((time) => (time === 0 || time === 2 ? 'lost' : undefined));
  await using db = connect(server.addresses.rest, { fetch, backoffMs: 1 });
  await db.createCollection({ name: 'twice', dimension: 2 });
  await db.deleteCollection('twice');
  await assert.rejects(db.collection('twice').describe(), (thrown: ProximaError) => thrown.code === 'NOT_FOUND');
});

test('what a proxy says is repeated or not, as its status means', async () => {
  const answers = [new Response('<html>', { status: 502 }), new Response('slow down', { status: 429, headers: { 'retry-after': '0' } }), undefined];
  const { sent, fetch } = disturbed((time) => answers[time]);
  await using db = connect(server.addresses.rest, { fetch, backoffMs: 1 });
  assert.ok(Array.isArray(await db.listCollections()));
  assert.equal(sent.length, 3);
  for (const [status, code] of [[401, 'UNAUTHENTICATED'], [403, 'PERMISSION_DENIED'], [418, 'INTERNAL'], [413, 'RESOURCE_EXHAUSTED']] as const) {
    const refused = disturbed(() => new Response('no', { status }));
    await using other = connect(server.addresses.rest, { fetch: refused.fetch });
    await assert.rejects(other.listCollections(), (thrown: ProximaError) => thrown.code === code && !thrown.retryable);
    assert.equal(refused.sent.length, 1);
  }
});

test('the server is told how long the client waits, and a call ends there and when it is cancelled', async () => {
  const { sent, fetch } = disturbed(() => undefined);
  await using db = connect(server.addresses.rest, { fetch });
  await db.createCollection({ name: 'timed', dimension: 2 });
  await db.collection('timed').count({ timeoutMs: 4_000 });
  const { timeoutMs = 0 } = sent.at(-1)?.body ?? {};
  assert.ok(timeoutMs > 3_000 && timeoutMs <= 3_950, String(timeoutMs));
  const hanging: typeof globalThis.fetch = (_input, init) => new Promise((_, reject) => {
    init?.signal?.addEventListener('abort', () => { reject(init.signal?.reason as Error); });
  });
  await using never = connect('http://127.0.0.1:1', { fetch: hanging });
  await assert.rejects(never.listCollections({ timeoutMs: 30 }), (thrown: ProximaError) => thrown.code === 'DEADLINE_EXCEEDED');
  await assert.rejects(never.listCollections({ signal: AbortSignal.timeout(20) }), (thrown: ProximaError) => thrown.code === 'CANCELLED');
  await assert.rejects(never.listCollections({ signal: AbortSignal.abort() }), (thrown: ProximaError) => thrown.code === 'CANCELLED');
  const closed = never.listCollections();
  never.close();
  await assert.rejects(closed, (thrown: ProximaError) => thrown instanceof ProximaError && thrown.code === 'CANCELLED');
});

test('a server that does not answer is left for the next one, and readiness is told', async () => {
  await using db = connect(`http://127.0.0.1:1, ${server.addresses.rest}/`, { backoffMs: 1 });
  assert.ok(Array.isArray(await db.listCollections()));
  assert.equal(await db.ready(), true);
  await using none = connect('http://127.0.0.1:1', { attemptsMax: 2, backoffMs: 1 });
  await assert.rejects(none.ready(), (thrown: ProximaError) => thrown.code === 'UNAVAILABLE' && /127\.0\.0\.1:1 cannot be reached/.test(thrown.message));
  const replaying = new Response('{"ready":false,"state":"replaying"}', { status: 503, headers: { 'content-type': 'application/json' } });
  await using busy = connect(server.addresses.rest, { fetch: async () => replaying });
  assert.equal(await busy.ready(), false);
});

test('headers go along with every request', async () => {
  const seen: (string | null)[] = [];
  const noting: typeof fetch = (input, init) => {
    seen.push(new Headers(init?.headers).get('authorization'));
    return fetch(input, init);
  };
  await using db = connect(server.addresses.rest, { fetch: noting, headers: { authorization: 'Bearer x' } });
  await db.listCollections();
  await db.ready();
  assert.deepEqual(seen, ['Bearer x', 'Bearer x']);
});
