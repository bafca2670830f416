/** Searches of sealed segments with a filter: however far from the query what matches lies, and what an explanation says of them. */
import { strict as assert } from 'node:assert';
import { after, before, describe, test } from 'node:test';
import type { MetadataValue } from '@proximadb/record';
import type { CreateCollectionRequest, ExplainSegment, Filter, FilterOperator, SearchRequest } from '@proximadb/schemas';
import { startServer, type TestServer } from './server.ts';
import { load, oneSegment, queries as allQueries, stored } from './words.ts';

const rows = 8_000;
const words = stored.slice(0, rows);
const queries = allQueries.slice(0, 12);

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
};
const distances = {
  cosine: (a: Float32Array, b: Float32Array): number => 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)),
  manhattan: (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0),
} as const;
type Distance = keyof typeof distances;

/** Of each query how many rows are nearer to it than a row. */
function ranksOf(metric: Distance): Uint32Array[] {
  return queries.map((query) => {
    const away = words.map(([, vector]) => distances[metric](query, vector));
    const ranks = new Uint32Array(rows);
    Array.from(away.keys()).sort((a, b) => (away[a] ?? 0) - (away[b] ?? 0)).forEach((row, rank) => { ranks[row] = rank; });
    return ranks;
  });
}

const ranks: Readonly<Record<Distance, readonly Uint32Array[]>> = { cosine: ranksOf('cosine'), manhattan: ranksOf('manhattan') };
/** A field that has nothing to do with vectors, of 0 to 999, and one that has nothing to do with either. */
const lotOf = (row: number): number => row * 7_919 % 1_000;
const isOdd = (row: number): boolean => Math.floor(row / 1_000) % 2 === 1;

const metadataOf = (metric: Distance) => (row: number): Map<string, MetadataValue> => new Map<string, MetadataValue>([
  ['lot', BigInt(lotOf(row))], ['odd', isOdd(row)], ...ranks[metric].map((each, query) => [`rank-${query}`, BigInt(each[row] ?? 0)] as const),
]);

const compare = (field: string, operator: FilterOperator, value: number): Filter =>
  ({ node: { kind: 'comparison', value: { path: [field], operator, values: [{ value: { kind: 'long', value: BigInt(value) } }] } } });
const odd: Filter = { node: { kind: 'comparison', value: { path: ['odd'], operator: 'eq', values: [{ value: { kind: 'boolean', value: true } }] } } };
const both = (...filters: Filter[]): Filter => ({ node: { kind: 'combination', value: { operator: 'and', filters } } });
/** The rows that are farthest from a query. */
const farthest = (query: number, count: number): Filter => compare(`rank-${query}`, 'gte', rows - count);

const collections = {
  'graph-and-codes': { index: 'hnsw', metric: 'cosine' }, lists: { index: 'ivf', metric: 'cosine' }, graph: { index: 'hnsw', metric: 'manhattan' },
} as const satisfies Readonly<Record<string, Partial<CreateCollectionRequest> & { readonly metric: Distance }>>;
type Name = keyof typeof collections;
/** Recall of ten hits and more, of twelve queries. Codes of one bit tell by their bounds which rows may be near, as far as the collection's target asks. */
const least: Readonly<Record<Name, number>> = { 'graph-and-codes': 0.99, lists: 0.99, graph: 0.99 };

let server: TestServer;
before(async () => {
  server = await startServer({ indexer: oneSegment });
  for (const [name, settings] of Object.entries(collections)) await load(server, { name, ...settings }, words, metadataOf(settings.metric));
});
after(() => server[Symbol.asyncDispose]());

describe('what matches is what is farthest from the query', () => {
  /** By what the planner answers: with few candidates a graph is tried first, and finds nothing that matches. */
  const cases: readonly (readonly [Name, number | null, Readonly<Record<'half' | 'tenth' | 'few', string>>])[] = [
    ['graph-and-codes', null, { half: 'codes', tenth: 'codes', few: 'exact_over_matches' }],
    ['graph-and-codes', 4, { half: 'codes', tenth: 'codes', few: 'exact_over_matches' }],
    ['lists', null, { half: 'lists', tenth: 'lists', few: 'exact_over_matches' }],
    ['graph', null, { half: 'exact_over_matches', tenth: 'exact_over_matches', few: 'exact_over_matches' }],
    ['graph', 12, { half: 'graph_then_exact', tenth: 'exact_over_matches', few: 'exact_over_matches' }],
  ];
  for (const [collection, ef, expected] of cases) {
    for (const [part, matching] of [['half', rows / 2], ['tenth', rows / 10], ['few', 12]] as const) {
      test(`${collection}${ef === null ? '' : `, ef ${ef}`}: the nearest of the farthest ${matching}, as many as are asked for`, async (context) => {
        for (const k of [1, 10, 100]) {
          const strategies = new Set<string>();
          let found = 0;
          let sought = 0;
          for (const [query, ranked] of ranks[collections[collection].metric].entries()) {
            const request: Partial<SearchRequest> = { collection, vector: queries[query]!, k, filter: farthest(query, matching) };
            const [exact, answer] = await Promise.all([
              server.client.search({ ...request, exact: true }), server.client.search({ ...request, ef, explain: true }),
            ]);
            assert.deepEqual([exact.hits.length, answer.hits.length], [Math.min(k, matching), Math.min(k, matching)]);
            const nearest = new Set(exact.hits.map(({ id }) => id));
            const truth = new Set(words.filter((_, row) => ranked[row]! >= rows - matching && ranked[row]! < rows - matching + k).map(([word]) => word));
            // Floats may take two rows for as near of which doubles know the nearer.
            assert.ok([...nearest].filter((id) => truth.has(id)).length >= truth.size - 1, 'an exact search finds what is nearest');
            assert.ok(answer.hits.every(({ id }) => ranked[rowOf.get(id)!]! >= rows - matching), 'what does not match is not in the answer');
            for (const segment of answer.explain?.segments ?? []) if (segment.rows > 0) strategies.add(segment.strategy);
            sought += nearest.size;
            found += answer.hits.filter(({ id }) => nearest.has(id)).length;
          }
          context.diagnostic(`k ${k}: ${found / sought}, by ${[...strategies].join(', ')}`);
          if (k === 10) assert.deepEqual([...strategies], [expected[part]]);
          assert.ok(found / sought >= (k === 1 ? 0.9 : least[collection]), `recall is ${found / sought}`);
        }
      });
    }
  }
});

const rowOf = new Map(words.map(([word], row) => [word, row]));

describe('an explanation of a search with a filter', () => {
  const deleted = new Set(Array.from({ length: 400 }, (_, i) => i * 17));
  before(async () => {
    for (const collection of Object.keys(collections)) {
      await server.client.delete({ collection, ids: [...deleted].map((row) => words[row]![0]) });
    }
  });

  const below = (value: number): Filter => compare('lot', 'lt', value);
  const cases: readonly (readonly [name: string, Name, Partial<SearchRequest>, matches: (row: number) => boolean, strategy: string])[] = [
    ['half of the rows, by codes', 'graph-and-codes', { filter: below(500) }, (row) => lotOf(row) < 500, 'codes'],
    ['half of the rows, by a graph beside codes', 'graph-and-codes', { filter: below(500), ef: 4, k: 4 }, (row) => lotOf(row) < 500, 'graph'],
    ['half of the rows, by a graph', 'graph', { filter: below(500), ef: 12 }, (row) => lotOf(row) < 500, 'graph'],
    ['half of the rows, by lists', 'lists', { filter: below(500) }, (row) => lotOf(row) < 500, 'lists'],
    ['few rows, of a graph and codes', 'graph-and-codes', { filter: below(5) }, (row) => lotOf(row) < 5, 'exact_over_matches'],
    ['few rows, of lists', 'lists', { filter: below(5) }, (row) => lotOf(row) < 5, 'exact_over_matches'],
    ['two comparisons', 'lists', { filter: both(below(500), odd) }, (row) => lotOf(row) < 500 && isOdd(row), 'lists'],
    ['two comparisons, by codes', 'graph-and-codes', { filter: both(below(300), odd) }, (row) => lotOf(row) < 300 && isOdd(row), 'codes'],
    ['half of the rows, the farthest', 'graph', { filter: farthest(0, rows / 2), ef: 12 }, (row) => ranks.manhattan[0]![row]! >= rows / 2, 'graph_then_exact'],
  ];
  for (const [name, collection, request, matches, strategy] of cases) {
    test(name, async (context) => {
      const { client } = server;
      const { explain } = await client.search({ collection, vector: queries[0]!, ...request, explain: true });
      const [segment, ...others] = explain?.segments.filter((each) => each.segment !== 'growing') ?? [];
      assert.ok(explain !== null && segment !== undefined && others.length === 0, 'one segment');
      context.diagnostic(JSON.stringify(segment));
      const matching = words.filter((_, row) => matches(row) && !deleted.has(row)).length;
      assert.equal((await client.count({ collection, filter: request.filter ?? null })).count, BigInt(matching));
      assert.deepEqual([segment.rows, segment.matching, segment.strategy], [rows, matching, strategy]);
      assert.ok(Math.abs((segment.estimatedMatching ?? NaN) / matching - 1) < 0.1, `${segment.estimatedMatching} rows are estimated, ${matching} match`);
      assertConsidered(segment);
      const steps = segment.filterMicros + segment.searchMicros + segment.rescoringMicros;
      assert.ok(segment.filterMicros > 0 && segment.searchMicros > 0 && segment.rescoringMicros >= 0 && steps <= segment.micros, JSON.stringify(segment));
      const all = explain.segments.reduce((sum, { micros }) => sum + micros, 0);
      assert.ok(all + explain.waitedMicros <= explain.totalMicros, `${all} and ${explain.waitedMicros} of ${explain.totalMicros} µs`);
    });
  }

  /** What answered was considered, and was expected to take least, unless too little of it matched. */
  function assertConsidered({ considered, strategy, candidates }: ExplainSegment): void {
    const kind = strategy.includes('exact') ? 'exact' : strategy;
    const micros = considered.filter((each) => each.strategy === kind).map((each) => each.micros);
    assert.equal(micros.length, 1, JSON.stringify(considered));
    assert.ok(considered.every((each) => Number.isFinite(each.micros) && each.micros > 0));
    if (strategy !== 'graph_then_exact') assert.equal(micros[0], Math.min(...considered.map((each) => each.micros)));
    assert.ok(candidates > 0);
  }

  test('without a filter nothing is said of matches', async () => {
    for (const collection of Object.keys(collections)) {
      const { explain } = await server.client.search({ collection, vector: queries[0]!, explain: true });
      for (const segment of explain?.segments ?? []) assert.deepEqual([segment.matching, segment.estimatedMatching], [null, null]);
    }
  });
});
