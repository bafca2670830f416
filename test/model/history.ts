/** Random histories, run against the engine and the model side by side. */
import { strict as assert } from 'node:assert';
import { AppError } from '@proximadb/errors';
import { partitionOf } from '@proximadb/log';
import { compileWalker, decodeVectorRecord, encodePatchRecord, encodeVectorRecord, parseJson, type MetadataValue } from '@proximadb/record';
import {
  CountRequest, CreateCollectionRequest, DeleteRequest, GetRequest, PatchRequest, ReadOptions, schemaText, ScrollRequest, SearchRequest, UpsertRequest,
  type Condition as ApiCondition, type Filter, type Metric, type WriteResponse,
} from '@proximadb/schemas';
import { filterFromJson } from '@proximadb/transport';
import fc from 'fast-check';
import type { Engine } from './engine.ts';
import { Model, type Condition, type Query, type Row } from './model.ts';

const dimension = 3;
const collection = 'model';
const ids = ['a', 'b', 'c', 'word', 'é', '\u{1F600}', '\uFFFD', 'a/b', 'long'.repeat(100), 'z1', 'z2', 'z3'];

interface NewRow {
  readonly vector: readonly number[];
  readonly n: number;
  /** Whether n is a long, else a double. */
  readonly big: boolean;
  readonly tags: readonly string[];
  readonly deep: boolean;
  readonly lifeMs: number | null;
}

type ConditionKind = 'none' | 'ifAbsent' | 'ifPresent' | 'ifVersion' | 'ifOldVersion';

export type Step =
  | { readonly kind: 'upsert'; readonly ids: readonly string[]; readonly row: NewRow; readonly condition: ConditionKind }
  | { readonly kind: 'bulk'; readonly from: number; readonly count: number; readonly row: NewRow; readonly condition: ConditionKind }
  | {
    readonly kind: 'patch'; readonly id: string; readonly vector: readonly number[] | null; readonly tags: readonly string[] | null;
    readonly dropN: boolean; readonly lifeMs: number | 'keep' | null;
  }
  | { readonly kind: 'delete'; readonly ids: readonly string[]; readonly condition: 'none' | 'ifPresent' | 'ifVersion' }
  | { readonly kind: 'deleteByFilter'; readonly query: Query }
  | { readonly kind: 'repeat' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'seal' | 'merge' | 'restart' | 'crash' | 'recreate' };

const coordinate = fc.integer({ min: -8, max: 8 });
const vector = fc.tuple(coordinate, coordinate, coordinate).filter((v) => v.some((x) => x !== 0));
const life = fc.option(fc.integer({ min: 1, max: 5_000 }), { freq: 2 });
const row: fc.Arbitrary<NewRow> = fc.record({
  vector, n: fc.integer({ min: -5, max: 5 }), big: fc.boolean(), tags: fc.subarray(['x', 'y', 'z']), deep: fc.boolean(), lifeMs: life,
});
const someIds = fc.subarray(ids, { minLength: 1, maxLength: 5 });
const leaf: fc.Arbitrary<Query> = fc.oneof(
  fc.constant<Query>({ kind: 'all' }), fc.record({ kind: fc.constant('atLeast' as const), n: fc.integer({ min: -5, max: 5 }) }),
  fc.record({ kind: fc.constant('tag' as const), tag: fc.constantFrom('x', 'y', 'w') }), fc.constant<Query>({ kind: 'hasNested' }),
);
const query: fc.Arbitrary<Query> = fc.oneof(leaf, leaf.map((of): Query => ({ kind: 'not', of })));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({
    kind: fc.constant('upsert' as const), ids: someIds, row,
    condition: fc.constantFrom<ConditionKind[]>('none', 'none', 'ifAbsent', 'ifPresent', 'ifVersion', 'ifOldVersion'),
  }) },
  { weight: 3, arbitrary: fc.record({
    kind: fc.constant('bulk' as const), from: fc.integer({ min: 0, max: 60 }), count: fc.integer({ min: 1, max: 50 }), row,
    condition: fc.constantFrom<ConditionKind[]>('none', 'none', 'ifPresent', 'ifVersion'),
  }) },
  { weight: 3, arbitrary: fc.record({
    kind: fc.constant('patch' as const), id: fc.constantFrom(...ids), vector: fc.option(vector), tags: fc.option(fc.subarray(['x', 'w'])),
    dropN: fc.boolean(), lifeMs: fc.oneof(life, fc.constant('keep' as const)),
  }) },
  { weight: 3, arbitrary: fc.record({
    kind: fc.constant('delete' as const), ids: someIds, condition: fc.constantFrom('none', 'none', 'ifPresent', 'ifVersion' as const),
  }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('deleteByFilter' as const), query }) },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: 'repeat' }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: -3_000, max: 3_000 }) }) },
  // A fault needs a write between a seal and a merge, and a crash after it: often enough, these must follow each other.
  { weight: 14, arbitrary: fc.constantFrom<Step[]>(
    { kind: 'seal' }, { kind: 'seal' }, { kind: 'merge' }, { kind: 'merge' }, { kind: 'restart' }, { kind: 'crash' },
  ) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'recreate' }) },
);

export interface History {
  readonly metric: Metric;
  readonly partitions: number;
  readonly index: 'hnsw' | 'ivf' | 'flat';
  readonly storage: 'memory' | 'disk';
  readonly steps: readonly Step[];
  /** What is searched for after each step. */
  readonly probe: readonly number[];
  readonly queries: readonly Query[];
}

export const history: fc.Arbitrary<History> = fc.record({
  metric: fc.constantFrom<Metric[]>('cosine', 'dot', 'euclidean', 'manhattan'), partitions: fc.integer({ min: 1, max: 3 }),
  index: fc.constantFrom('hnsw', 'ivf', 'flat'), storage: fc.constantFrom('memory', 'disk'),
  steps: fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), probe: vector, queries: fc.array(query, { minLength: 1, maxLength: 2 }),
});

const walker = compileWalker(JSON.parse(schemaText('VectorRecord')));

/** The last write, for its repetition. */
interface Write { readonly ids: readonly string[]; readonly send: (attempt: number) => Promise<WriteResponse>; readonly answer: WriteResponse | AppError }

export class Run {
  readonly #engine: Engine;
  readonly #history: History;
  #model: Model;
  /** The log's clock: append times never go back. */
  #appendedAt = 0;
  #last: Write | undefined;
  #requests = 0;

  constructor(engine: Engine, given: History) {
    this.#engine = engine;
    this.#history = given;
    this.#model = this.#newModel();
  }

  async run(): Promise<void> {
    await this.#engine.start();
    await this.#create();
    await this.#check();
    for (const each of this.#history.steps) {
      await this.#step(each);
      await this.#check();
    }
  }

  async #step(each: Step): Promise<void> {
    switch (each.kind) {
      case 'upsert': return this.#upsert(each.ids, each.row, each.condition);
      case 'bulk': return this.#upsert(Array.from({ length: each.count }, (_, i) => `bulk-${each.from + i}`), each.row, each.condition);
      case 'patch': return this.#patch(each);
      case 'delete': return this.#delete(each.ids, each.condition);
      case 'deleteByFilter': return this.#deleteByFilter(each.query);
      case 'repeat': return this.#repeat();
      case 'wait': this.#engine.nowMicros += each.ms * 1000; return;
      case 'seal': return this.#engine.seal(this.#log);
      case 'merge': return this.#engine.merge();
      case 'restart': await this.#engine.stop(); await this.#engine.start(); return;
      case 'crash': return this.#engine.crash();
      case 'recreate':
        await this.#engine.gateway.deleteCollection({ collection }, this.#engine.context);
        this.#last = undefined;
        await this.#create();
    }
  }

  get #log(): number {
    return this.#engine.catalog.get(collection).log;
  }

  #newModel(): Model {
    return new Model(this.#history.metric, (id) => partitionOf(Buffer.from(id), this.#history.partitions));
  }

  async #create(): Promise<void> {
    const { metric, partitions, index, storage } = this.#history;
    this.#tickClock();
    await this.#engine.gateway.createCollection(CreateCollectionRequest.create({
      name: collection, dimension, metric, partitions, index, hnsw: { m: 4, efConstruction: 32, quantization: null }, storage,
    }), this.#engine.context);
    this.#model = this.#newModel();
  }

  /** Something is appended now. */
  #tickClock(): number {
    this.#appendedAt = Math.max(this.#appendedAt, this.#engine.nowMicros);
    return this.#appendedAt;
  }

  #condition(id: string, kind: ConditionKind): Condition {
    switch (kind) {
      case 'ifVersion': return { kind: 'ifVersion', version: this.#model.rows.get(id)?.version ?? `${this.#log}-0` };
      case 'ifOldVersion': return { kind: 'ifVersion', version: `${this.#log + 1000}-0` };
      default: return { kind };
    }
  }

  async #upsert(upserted: readonly string[], given: NewRow, kind: ConditionKind): Promise<void> {
    const metadata = new Map<string, MetadataValue>([
      ['n', given.big ? BigInt(given.n) : given.n], ['tags', given.tags], ...(given.deep ? [['deep', new Map([['x', null]])] as const] : []),
    ]);
    const expiresAt = given.lifeMs === null ? null : this.#engine.nowMicros + given.lifeMs * 1000;
    const schemaId = this.#engine.catalog.schemas.idOf('VectorRecord');
    const record = { vector: given.vector, metadata, expiresAt: expiresAt === null ? null : BigInt(expiresAt) };
    const records = upserted.map((id) => encodeVectorRecord(schemaId, { id, ...record }));
    const conditions = upserted.map((id) => this.#condition(id, kind));
    const sent = kind === 'none' ? [] : conditions.map(apiCondition);
    const requestId = this.#requestId();
    const answer = await this.#write(
      (attempt) => this.#engine.gateway.upsert(UpsertRequest.create({ collection, records, conditions: sent, requestId, attempt }), this.#engine.context),
      upserted, (id, i) => this.#model.refusal(id, conditions[i] ?? { kind: 'none' }),
    );
    upserted.forEach((id, i) => { if (answer[i] !== '') this.#model.rows.set(id, { vector: given.vector, metadata, expiresAt, version: answer[i] ?? '' }); });
  }

  async #patch(each: Step & { kind: 'patch' }): Promise<void> {
    const { id, lifeMs } = each;
    const expiresAt = lifeMs === 'keep' ? undefined : lifeMs === null ? null : this.#engine.nowMicros + lifeMs * 1000;
    const record = encodePatchRecord(this.#engine.catalog.schemas.idOf('PatchRecord'), {
      id, vector: each.vector, set: new Map<string, MetadataValue>(each.tags === null ? [] : [['tags', each.tags]]), unset: each.dropN ? ['n'] : [],
      expiresAt: expiresAt === undefined || expiresAt === null ? expiresAt : BigInt(expiresAt),
    });
    const requestId = this.#requestId();
    const [version] = await this.#write(
      (attempt) => this.#engine.gateway.patch(PatchRequest.create({ collection, patches: [record], requestId, attempt }), this.#engine.context),
      [id], () => (this.#model.present(id) === undefined ? 'missing' : undefined),
    );
    const base = this.#model.rows.get(id);
    if (version === '' || version === undefined || base === undefined) return;
    const metadata = new Map(base.metadata);
    if (each.dropN) metadata.delete('n');
    if (each.tags !== null) metadata.set('tags', each.tags);
    this.#model.rows.set(id, { vector: each.vector ?? base.vector, metadata, expiresAt: expiresAt === undefined ? base.expiresAt : expiresAt, version });
  }

  async #delete(deleted: readonly string[], kind: 'none' | 'ifPresent' | 'ifVersion'): Promise<void> {
    const conditions = deleted.map((id) => this.#condition(id, kind));
    const sent = kind === 'none' ? [] : conditions.map(apiCondition);
    const requestId = this.#requestId();
    const answer = await this.#write(
      (attempt) => this.#engine.gateway.delete(DeleteRequest.create({ collection, ids: deleted, conditions: sent, requestId, attempt }), this.#engine.context),
      deleted, (id, i) => this.#model.refusal(id, conditions[i] ?? { kind: 'none' }),
    );
    deleted.forEach((id, i) => { if (answer[i] !== '') this.#model.rows.delete(id); });
  }

  async #deleteByFilter(given: Query): Promise<void> {
    const wanted = this.#model.visible(this.#engine.nowMicros, given);
    const answer = await this.#engine.gateway.delete(DeleteRequest.create({ collection, filter: filterOf(given) }), this.#engine.context);
    const at = this.#tickClock();
    for (const [id] of wanted) {
      this.#model.appended(id, at);
      this.#model.rows.delete(id);
    }
    assert.deepEqual([answer.deleted, answer.changed, answer.cursor], [BigInt(wanted.length), 0n, null], 'delete by filter');
  }

  /** Sends a write and compares its answer. @returns the version of each record, '' where it was refused. */
  async #write(send: Write['send'], written: readonly string[], refusalOf: (id: string, i: number) => string | undefined): Promise<string[]> {
    const at = this.#tickClock();
    for (const id of written) this.#model.appended(id, at);
    const refusals = written.map(refusalOf);
    let answer: WriteResponse | AppError;
    try {
      answer = await send(0);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      answer = error;
    }
    this.#last = { ids: written, send, answer };
    if (refusals.every((refusal) => refusal !== undefined)) {
      assert.ok(answer instanceof AppError && answer.code === 'ABORTED', `all refused: ${JSON.stringify(answer, plain)}`);
      assert.deepEqual(answer.details.map(({ record, reason }) => [record, reason]), refusals.map((refusal, i) => [i, refusal]));
      return written.map(() => '');
    }
    if (answer instanceof AppError) throw answer;
    const expected = refusals.flatMap((refusal, i) => (refusal === undefined ? [] : [[i, refusal]]));
    assert.deepEqual(answer.refused.map(({ record, reason }) => [record, reason]), expected, 'refused');
    return [...answer.versions];
  }

  /** A repeated request changes nothing and has the first one's answer. */
  async #repeat(): Promise<void> {
    const last = this.#last;
    if (last === undefined) return;
    const at = this.#tickClock();
    let again: WriteResponse | AppError;
    try {
      again = await last.send(1);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      again = error;
    }
    if (last.answer instanceof AppError) assert.equal(again instanceof AppError && again.code, last.answer.code, 'repeated');
    else assert.deepEqual(again instanceof AppError ? again : again.versions, last.answer.versions, 'repeated');
    // What it appended moved the log's time, in the partitions that it wrote to.
    for (const id of last.ids) this.#model.appended(id, at);
  }

  #requestId(): string {
    this.#requests += 1;
    return `request-${this.#requests}`;
  }

  /** Every way to read agrees with the model. */
  async #check(): Promise<void> {
    const { query: reads, context, nowMicros } = this.#engine;
    const read = ReadOptions.create({ consistency: 'strong' });
    for (const asked of [{ kind: 'all' } as const, ...this.#history.queries]) {
      const filter = asked.kind === 'all' ? null : filterOf(asked);
      const expected = this.#model.visible(nowMicros, asked);
      const { count } = await reads.count(CountRequest.create({ collection, filter, read }), context);
      assert.equal(count, BigInt(expected.length), `count of ${JSON.stringify(asked)}`);
      await this.#checkScroll(filter, read, expected);
      for (const exact of [true, false]) await this.#checkSearch(filter, read, expected, exact);
    }
    const expected = new Map(this.#model.visible(nowMicros, { kind: 'all' }));
    const { records } = await reads.get(GetRequest.create({ collection, ids, read }), context);
    assert.deepEqual(records.map(({ id }) => id), ids.filter((id) => expected.has(id)), 'get');
  }

  async #checkScroll(filter: Filter | null, read: ReadOptions, expected: readonly [string, Row][]): Promise<void> {
    let cursor: string | null = null;
    const seen: [string, Row][] = [];
    do {
      const page = await this.#engine.query.scroll(ScrollRequest.create({ collection, filter, read, limit: 7, cursor }), this.#engine.context);
      for (const { id, version, record } of page.records) seen.push([id, rowOf(record, version)]);
      cursor = page.cursor;
    } while (cursor !== null);
    assert.deepEqual(seen.map(([id]) => id), expected.map(([id]) => id), 'scroll');
    assert.deepEqual(seen.map(([, stored]) => stored), expected.map(([, wanted]) => wanted), 'scrolled records');
  }

  async #checkSearch(filter: Filter | null, read: ReadOptions, expected: readonly [string, Row][], exact: boolean): Promise<void> {
    const { probe } = this.#history;
    const k = 5;
    const request = SearchRequest.create({ collection, vector: Float32Array.from(probe), k, filter, read, exact });
    const { hits } = await this.#engine.query.search(request, this.#engine.context);
    const distances = new Map(expected.map(([id, row]) => [id, this.#model.distance(probe, row)]));
    const best = [...distances.values()].sort((a, b) => a - b).slice(0, k);
    assert.equal(hits.length, best.length, `a search (exact: ${exact}) returns k hits where k records match`);
    assert.equal(new Set(hits.map(({ id }) => id)).size, hits.length, 'no id twice');
    hits.forEach((hit, i) => {
      const distance = distances.get(hit.id);
      assert.ok(distance !== undefined, `${hit.id} is live and matches`);
      assert.ok(close(hit.distance, distance), `distance of ${hit.id}: ${hit.distance}, not ${distance}`);
      assert.equal(hit.version, expected.find(([id]) => id === hit.id)?.[1].version);
      if (exact) assert.ok(close(hit.distance, best[i] ?? NaN), `hit ${i} is at ${hit.distance}, the best one at ${best[i]}`);
    });
  }
}

function close(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(b));
}

function rowOf(record: Uint8Array, version: string): Row {
  const { vector: stored, metadata, expiresAt } = decodeVectorRecord(record, walker);
  return { vector: [...stored], metadata, expiresAt: expiresAt === null ? null : Number(expiresAt), version };
}

function apiCondition(condition: Condition): ApiCondition {
  switch (condition.kind) {
    case 'none': return { condition: null };
    case 'ifVersion': return { condition: { kind: 'ifVersion', value: condition.version } };
    default: return { condition: { kind: condition.kind, value: {} } };
  }
}

function filterOf(asked: Query): Filter {
  return filterFromJson(parseJson(JSON.stringify(jsonOf(asked))));
}

function jsonOf(asked: Query): object {
  switch (asked.kind) {
    case 'all': return {};
    case 'atLeast': return { n: { $gte: asked.n } };
    case 'tag': return { tags: { $contains: asked.tag } };
    case 'hasNested': return { 'deep.x': { $exists: true } };
    case 'not': return { $not: jsonOf(asked.of) };
  }
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
