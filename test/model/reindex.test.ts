import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { decodeVectorRecord, encodePatchRecord, encodeVectorRecord } from '@proximadb/record';
import {
  CountRequest, CreateCollectionRequest, DeleteRequest, GetRequest, PatchRequest, ReadOptions, ReindexCollectionRequest, ScrollRequest, UpsertRequest,
  type Condition, type WriteResponse,
} from '@proximadb/schemas';
import { ReindexRig, type Front } from './reindex-rig.ts';

type Row = { readonly n: bigint; readonly p: bigint | null; readonly expires: bigint | null };
type Sent = { readonly send: (attempt: number, front: Front) => Promise<WriteResponse>; readonly answer: Answer };
type Answer = { readonly token: string | null; readonly outcomes: readonly string[] };

const collection = 'words';
const idsPerWriter = 12;

/** mulberry32: a seed replays a schedule, as far as the machine does. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Writes to ids of its own, one request after the other, and knows what has to become of each. */
class Writer {
  readonly rows = new Map<string, Row>();
  readonly #versions = new Map<string, string>();
  readonly #rig: ReindexRig;
  readonly #random: () => number;
  readonly #name: string;
  readonly #now: () => bigint;
  readonly #sent: Sent[] = [];
  #count = 0n;
  paused = 0;
  retriedOver = 0;

  constructor(rig: ReindexRig, name: string, random: () => number, now: () => bigint) {
    this.#rig = rig;
    this.#name = name;
    this.#random = random;
    this.#now = now;
  }

  #pick<T>(items: readonly T[]): T { return items[Math.floor(this.#random() * items.length)]!; }

  present(id: string): Row | undefined {
    const row = this.rows.get(id);
    return row === undefined || (row.expires !== null && row.expires <= this.#now()) ? undefined : row;
  }

  async step(): Promise<void> {
    const front = this.#random() < 0.3 ? this.#rig.late : this.#rig.fresh;
    const ids = [...new Set(Array.from({ length: 1 + Math.floor(this.#random() * 3) }, () => `${this.#name}-${Math.floor(this.#random() * idsPerWriter)}`))];
    const dice = this.#random();
    if (dice < 0.15) return this.repeat();
    if (dice < 0.3) return this.#patch(front, ids);
    const kind = this.#pick(['none', 'none', 'if_absent', 'if_present', 'if_version'] as const);
    const conditions = kind === 'none' ? [] : ids.map((id): Condition => ({
      condition: kind === 'if_absent' ? { kind: 'ifAbsent', value: {} } : kind === 'if_present' ? { kind: 'ifPresent', value: {} }
        : { kind: 'ifVersion', value: this.#versions.get(id) ?? '1-0' },
    }));
    const refusals = ids.map((id) => this.#refusal(id, kind));
    const requestId = randomUUID();
    if (dice < 0.5) {
      return this.#send(front, ids, refusals, (attempt, { gateway }) =>
        gateway.delete(DeleteRequest.create({ collection, ids, conditions, requestId, attempt }), this.#rig.context), (id) => { this.rows.delete(id); });
    }
    this.#count += 1n;
    const row: Row = { n: this.#count, p: null, expires: this.#pick([null, null, null, this.#now() - 1n, this.#now() + 1_800_000_000n]) };
    const schemaId = this.#rig.fresh.catalog.schemas.idOf('VectorRecord');
    const metadata = new Map([['n', row.n]]);
    const records = ids.map((id) => encodeVectorRecord(schemaId, { id, vector: [Number(row.n), 1], metadata, expiresAt: row.expires }));
    return this.#send(front, ids, refusals, (attempt, { gateway }) =>
      gateway.upsert(UpsertRequest.create({ collection, records, conditions, requestId, attempt }), this.#rig.context), (id) => { this.rows.set(id, row); });
  }

  #patch(front: Front, ids: readonly string[]): Promise<void> {
    this.#count += 1n;
    const p = this.#count;
    const requestId = randomUUID();
    const patches = ids.map((id) => encodePatchRecord(this.#rig.fresh.catalog.schemas.idOf('PatchRecord'), { id, set: new Map([['p', p]]) }));
    return this.#send(front, ids, ids.map((id) => (this.present(id) === undefined ? ['missing'] : [''])), (attempt, { gateway }) =>
      gateway.patch(PatchRequest.create({ collection, patches, requestId, attempt }), this.#rig.context),
    (id) => { this.rows.set(id, { ...this.rows.get(id)!, p }); });
  }

  /** What may become of a record: '' for applied. A flip makes any version an old one. */
  #refusal(id: string, kind: 'none' | 'if_absent' | 'if_present' | 'if_version'): readonly string[] {
    const present = this.present(id) !== undefined;
    switch (kind) {
      case 'none': return [''];
      case 'if_absent': return [present ? 'exists' : ''];
      case 'if_present': return [present ? '' : 'missing'];
      case 'if_version': return !present ? ['missing'] : this.#versions.has(id) ? ['', 'version_mismatch'] : ['version_mismatch'];
    }
  }

  async #send(
    front: Front, ids: readonly string[], expected: readonly (readonly string[])[], send: Sent['send'], apply: (id: string) => void,
  ): Promise<void> {
    const logBefore = front.catalog.byLog(this.#rig.fresh.catalog.get(collection).log)?.log;
    const answer = await this.#until(send, front, 0);
    assert.equal(answer.outcomes.length, ids.length);
    answer.outcomes.forEach((outcome, i) => {
      const id = ids[i]!;
      const reason = outcome.startsWith('!') ? outcome.slice(1) : '';
      assert.ok(expected[i]!.includes(reason), `${id}: ${reason} instead of ${expected[i]!.join(' or ')}`);
      if (reason === 'version_mismatch' && expected[i]!.includes('')) {
        const current = this.#rig.fresh.catalog.get(collection).log;
        assert.ok(logBefore !== current || !this.#versions.get(id)!.startsWith(`${current}-`), 'only a flip makes a known version an old one');
      }
      if (reason !== '') return;
      apply(id);
      this.#versions.set(id, outcome);
    });
    this.#sent.push({ send, answer });
    // Read your writes, at whatever query service knows of the catalog.
    if (answer.token !== null && this.#random() < 0.5) await this.#checkAt(answer.token, ids);
  }

  /** A request is repeated until somebody answers it, as a client does. */
  async #until(send: Sent['send'], first: Front, firstAttempt: number): Promise<Answer> {
    for (let attempt = firstAttempt; ; attempt += 1) {
      const front = attempt === firstAttempt ? first : this.#rig.fresh;
      try {
        const { token, versions, refused } = await send(attempt, front);
        const outcomes = versions.map((version, i) => (version === '' ? `!${refused.find(({ record }) => record === i)?.reason ?? ''}` : version));
        return { token, outcomes };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        if (error.code === 'ABORTED') return { token: null, outcomes: error.details.map(({ reason }) => `!${reason}`) };
        if (error.code !== 'UNAVAILABLE') throw error;
        this.paused += 1;
        await delay(Math.min(5, error.retryAfterMs ?? 5));
      }
    }
  }

  /** A late repetition has the first one's outcome, whichever generation decided it. */
  async repeat(): Promise<void> {
    if (this.#sent.length === 0) return;
    const { send, answer } = this.#pick(this.#sent);
    const again = await this.#until(send, this.#rig.fresh, 1);
    assert.deepEqual(again.outcomes, answer.outcomes);
    const { log } = this.#rig.fresh.catalog.get(collection);
    if (answer.outcomes.some((outcome) => !outcome.startsWith('!') && !outcome.startsWith(`${log}-`))) this.retriedOver += 1;
  }

  async #checkAt(token: string, ids: readonly string[]): Promise<void> {
    const { records } = await this.#reading(() =>
      this.#rig.fresh.query.get(GetRequest.create({ collection, ids, read: ReadOptions.create({ token }) }), this.#rig.context));
    this.check(new Map(records.map(({ id, record }) => [id, record])), ids);
  }

  /** A read fails only while there are no shards. */
  async #reading<T>(read: () => Promise<T>): Promise<T> {
    for (;;) {
      const { restarts } = this.#rig;
      try {
        return await read();
      } catch (error) {
        const away = error instanceof AppError && error.code === 'UNAVAILABLE' && (restarts !== this.#rig.restarts || restarts % 2 === 1);
        if (!away) throw error;
        await delay(2);
      }
    }
  }

  check(found: ReadonlyMap<string, Uint8Array>, ids: Iterable<string>): void {
    for (const id of ids) {
      const bytes = found.get(id);
      const expected = this.present(id);
      if (bytes === undefined || expected === undefined) {
        assert.equal(bytes === undefined, expected === undefined, `${id}: ${bytes === undefined ? 'is lost' : 'is there'}`);
        continue;
      }
      const { metadata, expiresAt } = decodeVectorRecord(bytes);
      assert.deepEqual({ n: metadata.get('n'), p: metadata.get('p') ?? null, expires: expiresAt }, expected, id);
    }
  }

  owns(id: string): boolean { return id.startsWith(`${this.#name}-`); }

  /** What was repeated once is forgotten after ten minutes. */
  forgetSent(): void { this.#sent.length = 0; }
}

async function checkAll(rig: ReindexRig, writers: readonly Writer[]): Promise<void> {
  const read = ReadOptions.create({ consistency: 'strong' });
  for (const { query } of [rig.fresh, rig.late]) {
    const found = new Map<string, Uint8Array>();
    let cursor: string | null = null;
    do {
      const page = await query.scroll(ScrollRequest.create({ collection, limit: 9, cursor, read }), rig.context);
      for (const { id, record } of page.records) {
        assert.ok(!found.has(id), `${id} comes twice`);
        found.set(id, record);
      }
      cursor = page.cursor;
    } while (cursor !== null);
    let size = 0;
    for (const writer of writers) {
      writer.check(found, new Set([...writer.rows.keys(), ...found.keys()].filter((id) => writer.owns(id))));
      size += [...writer.rows.keys()].filter((id) => writer.present(id) !== undefined).length;
    }
    assert.equal(found.size, size);
    assert.equal((await query.count(CountRequest.create({ collection, read }), rig.context)).count, BigInt(size));
  }
}

/** A flip takes all copiers to be caught up at once: killed and outwritten for ever, they never would be. So after so many kills, or so long, they are
 * let be. */
const killsARound = 15;
const pressedMs = 10_000;
const flipMsMax = 40_000;

const whateverDies = 'whatever dies while a collection is reindexed under load, nothing is lost, nothing is applied twice, and reads see their writes';
test(whateverDies, async (t) => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`SEED=${seed}`);
  const random = randomOf(seed);
  const until = performance.now() + Number(process.env['SECONDS'] ?? 15) * 1000;
  let now = Date.now() * 1000;
  let flips = 0, aborts = 0, kills = 0, paused = 0, retriedOver = 0;
  await using rig = await ReindexRig.open(() => now);
  await rig.fresh.gateway.createCollection(CreateCollectionRequest.create({ name: collection, dimension: 2, metric: 'euclidean', partitions: 2 }), rig.context);
  const writers = ['a', 'b', 'c'].map((name) => new Writer(rig, name, randomOf(Math.floor(random() * 2 ** 31)), () => BigInt(now)));
  let killsLeft = 0;
  const kill = async (): Promise<void> => {
    if (killsLeft === 0 || random() >= 0.03) return;
    killsLeft -= 1;
    kills += 1;
    throw new AppError('CANCELLED', 'killed by the test');
  };
  for (let round = 0; performance.now() < until || flips < 2 || writers.every((writer) => writer.retriedOver === 0); round += 1) {
    killsLeft = killsARound;
    let isPressed = true;
    const main = rig.reindexer(kill);
    const zombie = random() < 0.3 ? rig.reindexer(async () => { await delay(random() * 10); }) : undefined;
    let going = true;
    const writing = writers.map(async (writer) => {
      while (going) {
        await writer.step();
        now += 1_000;
        if (!isPressed) await delay(20);
        else if (random() < 0.2) await delay(1);
      }
    });
    const failed = Promise.race(writing).then(() => { assert.ok(!going, 'a writer ends only when it is told to'); });
    failed.catch(() => {});
    await Promise.race([failed, delay(random() * 30)]);
    const old = rig.fresh.catalog.get(collection);
    const choices = [1, 2, 3, 4, 5].filter((partitions) => partitions !== old.settings.partitions);
    const partitions = choices[Math.floor(random() * choices.length)]!;
    await rig.fresh.gateway.reindexCollection(ReindexCollectionRequest.create({ collection, partitions }), rig.context);
    if (random() < 0.5) rig.hold();
    const aborting = random() < 0.25;
    if (aborting) await delay(random() * 40);
    const aborted = aborting && await rig.fresh.gateway.abortReindex({ collection }, rig.context).then(() => true, (error: AppError) => {
      assert.equal(error.code === 'FAILED_PRECONDITION' || error.code === 'NOT_FOUND', true, error.message);
      return false;
    });
    if (!aborted && random() < 0.3) {
      await delay(random() * 40);
      if (random() < 0.5) await rig.restartShards();
    }
    if (zombie !== undefined) {
      await delay(random() * 100);
      await zombie[Symbol.asyncDispose]();
    }
    const begunMs = performance.now();
    while (!aborted && rig.fresh.catalog.get(collection).log === old.log) {
      const waitedMs = performance.now() - begunMs;
      assert.ok(waitedMs < flipMsMax, `round ${round}: it flips`);
      isPressed = waitedMs < pressedMs;
      await Promise.race([failed, delay(2)]);
    }
    if (aborted) {
      aborts += 1;
      assert.deepEqual(rig.fresh.catalog.get(collection), old, 'an aborted reindex leaves the collection as it was');
    } else flips += 1;
    await Promise.race([failed, delay(random() * 50)]);
    going = false;
    rig.letGo();
    await Promise.all(writing);
    for (const writer of writers) for (let times = 0; times < 5; times += 1) await writer.repeat();
    await main[Symbol.asyncDispose]();
    await checkAll(rig, writers);
    if (random() < 0.3) {
      now += 3_600_000_000;
      for (const writer of writers) writer.forgetSent();
      await checkAll(rig, writers);
    }
  }
  for (const writer of writers) {
    paused += writer.paused;
    retriedOver += writer.retriedOver;
  }
  const repetitions = `${retriedOver} repetitions of what an earlier generation decided`;
  t.diagnostic(`${flips} flips, ${aborts} aborts, ${kills} copiers killed, ${paused} writes sent away, ${repetitions}`);
  assert.ok(retriedOver > 0, 'some requests are repeated over a flip');
});

test('a query service that has not heard of the flip says nothing rather than what is old', async () => {
  await using rig = await ReindexRig.open(() => Date.now() * 1000);
  const { gateway } = rig.fresh;
  await gateway.createCollection(CreateCollectionRequest.create({ name: collection, dimension: 2, metric: 'euclidean', partitions: 2 }), rig.context);
  const schemaId = rig.fresh.catalog.schemas.idOf('VectorRecord');
  const write = (id: string) => {
    const records = [encodeVectorRecord(schemaId, { id, vector: [1, 2] })];
    return gateway.upsert(UpsertRequest.create({ collection, records }), rig.context);
  };
  const { token: old } = await write('a');
  const count = async (read: Partial<ReadOptions>): Promise<string> => rig.late.query
    .count(CountRequest.create({ collection, read: ReadOptions.create({ timeoutMs: 300, ...read }) }), rig.context)
    .then(({ count: found }) => String(found), (error: AppError) => error.code);
  assert.equal(await count({ consistency: 'strong' }), '1');
  rig.hold();
  await using _ = rig.reindexer(async () => {});
  await gateway.reindexCollection(ReindexCollectionRequest.create({ collection, partitions: 3 }), rig.context);
  const before = rig.fresh.catalog.get(collection).log;
  while (rig.fresh.catalog.get(collection).log === before) await delay(2);
  const { token } = await write('b');
  assert.deepEqual([await count({ consistency: 'strong' }), await count({ token })], ['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED']);
  assert.equal(await count({ token: old }), '1', 'what it knows it answers for');
  rig.letGo();
  assert.deepEqual([await count({ consistency: 'strong', timeoutMs: 10_000 }), await count({ token }), await count({ token: old })], ['2', '2', '2']);
});
