/** Mistakes in what is asked: filters, searches, tokens, cursors. */
import { describe } from 'node:test';
import type { Code } from '@proximadb/errors';
import { ReadToken, SearchRequest, type Filter, type FilterValue, type ReadOptions } from '@proximadb/schemas';
import { check, client, cursor, otherToken, path, readAt, token, useServer, type Mistake, type RestCall } from './mistakes.ts';

useServer();

describe('filters', () => {
  const value = (given: null | boolean | bigint | number | string): FilterValue => {
    switch (typeof given) {
      case 'boolean': return { value: { kind: 'boolean', value: given } };
      case 'bigint': return { value: { kind: 'long', value: given } };
      case 'number': return { value: { kind: 'double', value: given } };
      case 'string': return { value: { kind: 'string', value: given } };
      default: return { value: { kind: 'nullValue', value: {} } };
    }
  };
  type Operator = Extract<NonNullable<Filter['node']>, { kind: 'comparison' }>['value']['operator'];
  const comparison = (keys: readonly string[], operator: Operator, ...values: (null | boolean | bigint | number | string)[]): Filter =>
    ({ node: { kind: 'comparison', value: { path: keys, operator, values: values.map(value) } } });
  const not = (filter: Filter, levels: number): Filter => (levels === 0 ? filter : { node: { kind: 'not', value: not(filter, levels - 1) } });
  const notJson = (levels: number): object => (levels === 0 ? { a: 1 } : { $not: notJson(levels - 1) });
  const deepPath = Array.from({ length: 17 }, (_, i) => `k${i}`);

  const mistakes: { name: string; field: string; reason: RegExp; filter?: Filter; json?: object; jsonField?: string; jsonReason?: RegExp }[] = [
    { name: 'an unknown operator', field: 'filter.year.$above', reason: /no operator; there are \$eq/, json: { year: { $above: 1 } } },
    { name: 'an unknown combination', field: 'filter.$xor', reason: /no operator here/, json: { $xor: [] } },
    { name: 'an operator without its path', field: 'filter.$or[1].$gt', reason: /below a path/, json: { $or: [{ a: 1 }, { $gt: 3 }] } },
    { name: 'an array as a value', field: 'filter.tags', reason: /\$in|\$contains/, json: { tags: ['a'] } },
    { name: 'no array for in', field: 'filter.year.$in', reason: /array/, json: { year: { $in: 5 } } },
    {
      name: 'a boolean for greater', field: 'filter.year', jsonField: 'filter.year.$gt', reason: /a number or a string/, json: { year: { $gt: true } },
      filter: comparison(['year'], 'gt', true),
    },
    {
      name: 'null for less', field: 'filter.year', jsonField: 'filter.year.$lt', reason: /a number or a string/, json: { year: { $lt: null } },
      filter: comparison(['year'], 'lt', null),
    },
    {
      name: 'a text for exists', field: 'filter.year', jsonField: 'filter.year.$exists', reason: /true or false/, json: { year: { $exists: 'yes' } },
      filter: comparison(['year'], 'exists', 'yes'),
    },
    {
      name: 'a number for startsWith', field: 'filter.year', jsonField: 'filter.year.$startsWith', reason: /a string/, json: { year: { $startsWith: 2 } },
      filter: comparison(['year'], 'starts_with', 2n),
    },
    { name: 'two values for equal', field: 'filter.year', reason: /one value, not 2/, filter: comparison(['year'], 'eq', 1n, 2n) },
    { name: 'NaN', field: 'filter.year', reason: /finite/, filter: comparison(['year'], 'gt', NaN) },
    { name: 'a path of no key', field: 'filter', reason: /at least one key/, filter: comparison([], 'eq', 1n) },
    { name: 'an empty filter', field: 'filter', reason: /empty/, filter: { node: null } },
    { name: 'no object', field: 'filter', reason: /must be an object/, json: [] },
    {
      name: 'a path too deep', field: `filter.${deepPath.slice(0, 16).join('.')}`, reason: /at most 16 keys, not 17/, json: { [deepPath.join('.')]: 1 },
      filter: comparison(deepPath, 'eq', 1n),
    },
    {
      name: 'too many levels', field: `filter${'.$not'.repeat(16)}`, reason: /at most 16 levels/, json: notJson(16),
      filter: not(comparison(['a'], 'eq', 1n), 16),
    },
    {
      name: 'too many values', field: 'filter.a', reason: /10000/, json: { a: { $in: Array.from({ length: 10_001 }, (_, i) => i) } },
      filter: comparison(['a'], 'in', ...Array.from({ length: 10_001 }, (_, i) => BigInt(i))),
    },
    {
      name: 'too many parts', field: 'filter.$or[999]', reason: /1000 parts/, json: { $or: Array.from({ length: 1_001 }, () => ({ a: 1 })) },
      filter: { node: { kind: 'combination', value: { operator: 'or', filters: Array.from({ length: 1_001 }, () => comparison(['a'], 'eq', 1n)) } } },
    },
  ];

  const operations = [
    { name: 'count', grpc: (filter: Filter) => client.count({ collection: 'words', filter }), at: 'records/count', body: {} },
    { name: 'scroll', grpc: (filter: Filter) => client.scroll({ collection: 'words', filter }), at: 'records/scroll', body: {} },
    { name: 'delete', grpc: (filter: Filter) => client.delete({ collection: 'words', filter }), at: 'records/delete', body: {} },
    {
      name: 'search',
      grpc: (filter: Filter) => client.search({ collection: 'words', vector: Float32Array.of(1, 2, 3), filter }), at: 'search', body: { vector: [1, 2, 3] },
    },
  ];
  for (const { name: operation, grpc, at, body } of operations) {
    describe(operation, () => {
      check(mistakes.map(({ name, field, reason, filter, json, jsonField, jsonReason }): Mistake => ({
        name, code: 'INVALID_ARGUMENT', field, reason, inRest: { field: jsonField ?? field, reason: jsonReason ?? reason },
        ...(filter === undefined ? {} : { grpc: () => grpc(filter) }),
        ...(json === undefined ? {} : { rest: (): RestCall => ['POST', `${path}/${at}`, { ...body, filter: json }] }),
      })));
    });
  }
});

describe('searches', () => {
  const vector3 = Float32Array.of(1, 2, 3);
  type SearchMistake = Omit<Mistake, 'code' | 'grpc' | 'rest'> & { readonly code?: Code; readonly search: Partial<SearchRequest>; readonly json?: object };

  /** The same mistake in a search, and in the second of a batch. */
  const searches = (mistakes: readonly SearchMistake[]): Mistake[] =>
    mistakes.flatMap(({ search, json, code = 'INVALID_ARGUMENT', ...mistake }) => [
      {
        ...mistake, code, grpc: () => client.search({ collection: 'words', vector: vector3, ...search }),
        ...(json === undefined ? {} : { rest: (): RestCall => ['POST', `${path}/search`, { vector: [1, 2, 3], ...json }] }),
      },
      {
        ...mistake, name: `${mistake.name}, in a batch`, code, ...(mistake.field === undefined ? {} : { field: `searches[1].${mistake.field}` }),
        grpc: () => client.searchBatch({
          collection: 'words', searches: [{ vector: vector3 }, { vector: vector3, ...search }].map((each) => searchOf(each)),
        }),
        ...(json === undefined ? {} : {
          rest: (): RestCall => ['POST', `${path}/search/batch`, { searches: [{ vector: [1, 2, 3] }, { vector: [1, 2, 3], ...json }] }],
        }),
      },
    ]);
  const searchOf = (search: Partial<SearchRequest>): SearchRequest => SearchRequest.create({ vector: vector3, ...search });

  check(searches([
    { name: 'for fewer than one hit', field: 'k', reason: /-1.*10000/, search: { k: -1 }, json: { k: -1 } },
    { name: 'for too many hits', field: 'k', reason: /10001.*10000/, search: { k: 10_001 }, json: { k: 10_001 } },
    { name: 'for hits too far down', field: 'offset', reason: /10005 together/, search: { k: 5, offset: 10_000 }, json: { k: 5, offset: 10_000 } },
    { name: 'with a negative offset', field: 'offset', reason: /-1/, search: { offset: -1 }, json: { offset: -1 } },
    { name: 'with ef 0', field: 'ef', reason: /0.*10000/, search: { ef: 0 }, json: { ef: 0 } },
    { name: 'with a huge ef', field: 'ef', reason: /10001/, search: { ef: 10_001 }, json: { ef: 10_001 } },
    { name: 'with NaN as a threshold', field: 'scoreThreshold', reason: /finite/, search: { scoreThreshold: NaN } },
    { name: 'of another dimension', field: 'vector', reason: /2 numbers.*3/, search: { vector: Float32Array.of(1, 2) }, json: { vector: [1, 2] } },
    { name: 'with NaN', field: 'vector[1]', reason: /finite/, search: { vector: Float32Array.of(1, NaN, 2) } },
    { name: 'with infinity', field: 'vector[0]', reason: /finite/, inRest: { reason: /range/ }, search: { vector: Float32Array.of(Infinity, 0, 2) } },
    { name: 'with a zero vector under cosine', field: 'vector', reason: /zero/, search: { vector: new Float32Array(3) }, json: { vector: [0, 0, 0] } },
    { name: 'with a vector and an id', field: 'id', reason: /only one/, search: { id: 'kept-1' }, json: { id: 'kept-1' } },
    { name: 'with neither', field: 'vector', reason: /needed/, search: { vector: new Float32Array() }, json: { vector: [] } },
    {
      name: 'like a record that is not there', code: 'NOT_FOUND', field: 'id', reason: /no record "missing"/,
      search: { vector: new Float32Array(), id: 'missing' }, json: { vector: [], id: 'missing' },
    },
  ]));
  check([
    {
      name: 'beyond the range of floats', code: 'INVALID_ARGUMENT', field: 'vector[0]', reason: /range/,
      rest: () => ['POST', `${path}/search`, '{"vector": [1e39, 0, 0]}'],
    },
    {
      name: 'with a k of a fraction', code: 'INVALID_ARGUMENT', field: 'k', reason: /whole/,
      rest: () => ['POST', `${path}/search`, { vector: [1, 2, 3], k: 1.5 }],
    },
    {
      name: 'with an unknown include', code: 'INVALID_ARGUMENT', field: 'include[0]', reason: /vector, metadata|metadata, vector/,
      rest: () => ['POST', `${path}/search`, { vector: [1, 2, 3], include: ['all'] }],
    },
    {
      name: 'with an unknown consistency', code: 'INVALID_ARGUMENT', field: 'consistency', reason: /strong/,
      rest: () => ['POST', `${path}/search`, { vector: [1, 2, 3], consistency: 'linear' }],
    },
    {
      name: 'with an unknown field', code: 'INVALID_ARGUMENT', field: 'limit', reason: /no such field.*k/,
      rest: () => ['POST', `${path}/search`, { vector: [1, 2, 3], limit: 5 }],
    },
    {
      name: 'with no time', code: 'INVALID_ARGUMENT', field: 'timeoutMs', reason: /at least 1/,
      grpc: () => client.search({ collection: 'words', vector: vector3, read: readAt({ timeoutMs: 0 }) }),
      rest: () => ['POST', `${path}/search`, { vector: [1, 2, 3], timeoutMs: 0 }],
    },
    {
      name: 'of a batch without any', code: 'INVALID_ARGUMENT', field: 'searches', reason: /at least one/,
      grpc: () => client.searchBatch({ collection: 'words' }),
      rest: () => ['POST', `${path}/search/batch`, { searches: [] }],
    },
    {
      name: 'of a batch too large', code: 'RESOURCE_EXHAUSTED', status: 413, field: 'searches', reason: /101.*100/,
      grpc: () => client.searchBatch({ collection: 'words', searches: Array.from({ length: 101 }, () => searchOf({})) }),
      rest: () => ['POST', `${path}/search/batch`, { searches: Array.from({ length: 101 }, () => ({ vector: [1, 2, 3] })) }],
    },
    {
      name: 'in a collection that is not there', code: 'NOT_FOUND', field: 'collection', reason: /"nowhere"/,
      grpc: () => client.search({ collection: 'nowhere', vector: vector3 }), rest: () => ['POST', '/v1/collections/nowhere/search', { vector: [1, 2, 3] }],
    },
  ]);
});

describe('reads', () => {
  const tooLong = 'x'.repeat(513);
  const beyond = (): string => {
    const { log, offsets } = ReadToken.decode(Buffer.from(token, 'base64url'));
    return Buffer.from(ReadToken.encode({ log, offsets: offsets.map((each) => each + 1_000n) })).toString('base64url');
  };
  const get = (ids: readonly string[]) => ({
    grpc: () => client.get({ collection: 'words', ids }), rest: (): RestCall => ['POST', `${path}/records/get`, { ids }],
  });
  const count = (name: string, expected: Omit<Mistake, 'name'>, options: () => Partial<ReadOptions>): Mistake => ({
    name, ...expected,
    grpc: () => client.count({ collection: 'words', read: readAt(options()) }), rest: () => ['POST', `${path}/records/count`, options()],
  });
  const scroll = (name: string, expected: Omit<Mistake, 'name'>, body: () => { limit?: number; cursor?: string }): Mistake => ({
    name, ...expected, grpc: () => client.scroll({ collection: 'words', ...body() }), rest: () => ['POST', `${path}/records/scroll`, body()],
  });
  check([
    { name: 'of no id', code: 'INVALID_ARGUMENT', field: 'ids', reason: /at least one/, ...get([]) },
    { name: 'of an empty id', code: 'INVALID_ARGUMENT', field: 'ids[1]', reason: /empty/, ...get(['a', '']) },
    { name: 'of an id too long', code: 'INVALID_ARGUMENT', field: 'ids[1]', reason: /513/, ...get(['a', tooLong]) },
    {
      name: 'of too many ids', code: 'RESOURCE_EXHAUSTED', status: 413,
      field: 'ids', reason: /1001.*1000/, ...get(Array.from({ length: 1_001 }, (_, i) => `x${i}`)),
    },
    { name: 'of one record that is not there', code: 'NOT_FOUND', reason: /no record "missing"/, rest: () => ['GET', `${path}/records/missing`] },
    { name: 'of one record whose id is too long', code: 'INVALID_ARGUMENT', field: 'ids[0]', reason: /513/, rest: () => ['GET', `${path}/records/${tooLong}`] },
    count('at a token that is none', { code: 'INVALID_ARGUMENT', field: 'token', reason: /not a token/ }, () => ({ token: 'nonsense!' })),
    count('at a token of other bytes', { code: 'INVALID_ARGUMENT', field: 'token', reason: /not a token/ }, () => ({ token: 'AAAA' })),
    count('at a token of megabytes', { code: 'INVALID_ARGUMENT', field: 'token', reason: /not a token/ }, () => ({ token: 'A'.repeat(500_000) })),
    count('at the token of another collection', { code: 'FAILED_PRECONDITION', field: 'token', reason: /another collection/ }, () => ({ token: otherToken })),
    count('at a token beyond the log', { code: 'OUT_OF_RANGE', field: 'token', reason: /ends at/ }, () => ({ token: beyond() })),
    count('in a session without a token', { code: 'INVALID_ARGUMENT', field: 'token', reason: /needed/ }, () => ({ consistency: 'session' })),
    count('bounded by nothing', { code: 'INVALID_ARGUMENT', field: 'maxStalenessMs', reason: /needed/ }, () => ({ consistency: 'bounded' })),
    count('bounded by less than nothing', { code: 'INVALID_ARGUMENT', field: 'maxStalenessMs', reason: /at least 0/ },
      () => ({ consistency: 'bounded', maxStalenessMs: -1 })),
    count('of a staleness that goes with nothing', { code: 'INVALID_ARGUMENT', field: 'maxStalenessMs', reason: /bounded only/ },
      () => ({ maxStalenessMs: 5 })),
    scroll('of pages too large', { code: 'INVALID_ARGUMENT', field: 'limit', reason: /1001.*1000/ }, () => ({ limit: 1_001 })),
    scroll('of pages of less than a record', { code: 'INVALID_ARGUMENT', field: 'limit', reason: /-1/ }, () => ({ limit: -1 })),
    scroll('from a cursor that is none', { code: 'INVALID_ARGUMENT', field: 'cursor', reason: /not a cursor/ }, () => ({ cursor: '%' })),
    scroll('from a token', { code: 'INVALID_ARGUMENT', field: 'cursor', reason: /not a cursor/ }, () => ({ cursor: token })),
    {
      name: "from another collection's cursor", code: 'FAILED_PRECONDITION', field: 'cursor', reason: /another collection/,
      grpc: () => client.scroll({ collection: 'lengths', cursor }), rest: () => ['POST', '/v1/collections/lengths/records/scroll', { cursor }],
    },
    {
      name: 'of a schema that there is not', code: 'NOT_FOUND', field: 'name', reason: /VectorRecord/,
      grpc: () => client.getSchema({ name: 'Vector' }),
      rest: () => ['GET', '/v1/schemas/Vector'],
    },
    {
      name: 'of a schema id that no record has', code: 'NOT_FOUND', field: 'id', reason: /unknown/,
      grpc: () => client.getSchema({ name: 'VectorRecord', id: 9_999 }),
      rest: () => ['GET', '/v1/schemas/VectorRecord?id=9999'],
    },
    {
      name: 'of statistics of no collection', code: 'NOT_FOUND', field: 'collection', reason: /"nowhere"/,
      grpc: () => client.stats({ collection: 'nowhere' }),
      rest: () => ['GET', '/v1/collections/nowhere/stats'],
    },
  ]);
});
