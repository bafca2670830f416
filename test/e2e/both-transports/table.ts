/**
 * One table of cases, asked over gRPC and over REST. What changes something is done to two collections, to one over each transport, in the
 * same order: their answers, logs and versions must be alike. What reads is asked of both collections over both transports.
 */
import { strict as assert } from 'node:assert';
import { after, before, describe, test } from 'node:test';
import type { Code } from '@proximadb/errors';
import { encodePatchRecord, encodeVectorRecord, type MetadataValue } from '@proximadb/record';
import { SearchRequest, type Condition, type Filter, type FilterOperator, type FilterValue, type ReadOptions } from '@proximadb/schemas';
import { ask, type ApiServer, type Asked, type Case, type Transport } from './ask.ts';
import { chosen, documents, documentText, metadataText, type Document } from './documents.ts';
import { plainMessage, Target, type Answer } from './forms.ts';
import { OpenApi } from './open-api.ts';

/** @param start the server that is asked: whatever it is made of, its answers are the same. */
export function apiTable(start: () => Promise<ApiServer>): void {
  let asked: Asked;
  const schemaIds = { VectorRecord: 0, PatchRecord: 0 };

  before(async () => {
    const server = await start();
    asked = { server, openApi: new OpenApi((await server.rest('GET', '/openapi.json')).body as object) };
    for (const name of ['VectorRecord', 'PatchRecord'] as const) schemaIds[name] = (await server.client.getSchema({ name })).id;
  });
  after(() => asked.server[Symbol.asyncDispose]());

  const encoded = (document: Document): Uint8Array => encodeVectorRecord(schemaIds.VectorRecord, document);
  const when = (kind: 'ifAbsent' | 'ifPresent'): Condition => ({ condition: { kind, value: {} } });
  const at = (version: string): Condition => ({ condition: { kind: 'ifVersion', value: version } });
  const strong = (more: Partial<ReadOptions> = {}): ReadOptions =>
    ({ consistency: 'strong', token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false, ...more });

  /** Both are done to, each over its own transport. */
  const targets: Readonly<Record<Transport, Target>> = { grpc: new Target('over-grpc'), rest: new Target('over-rest') };

  function change(each: Case): void {
    test(each.name, async () => {
      const answers = [await ask(asked, each, 'grpc', targets.grpc), await ask(asked, each, 'rest', targets.rest)] as const;
      assert.deepEqual(answers[1], answers[0]);
      each.check?.(answers[0]);
    });
  }

  function read(each: Case): void {
    test(each.name, async () => {
      const first = await ask(asked, each, 'grpc', targets.grpc);
      each.check?.(first);
      for (const [transport, target] of [['rest', targets.rest], ['rest', targets.grpc], ['grpc', targets.rest]] as const) {
        assert.deepEqual(await ask(asked, each, transport, target), first, `${transport}, written ${target.name}`);
      }
    });
  }

  const ok = (answer: Answer): void => assert.equal(answer.error, undefined, answer.error?.message);
  const refusedWith = (code: Code) => (answer: Answer): void => assert.equal(answer.error?.code, code);

  describe('a collection', () => {
    const tags = { team: 'a', 'for': 'é' };
    const settings = { dimension: 4, partitions: 3, metric: 'cosine', index: 'hnsw', storage: 'disk', description: 'of tests ☂', tags } as const;
    change({
      name: 'is created', operation: 'createCollection',
      grpc: ({ name }) => ({ ...settings, name, hnsw: { m: 8, efConstruction: 0, quantization: 'bf16' } }),
      rest: ({ name }) => ({ ...settings, name, hnsw: { m: 8, quantization: 'bf16' } }),
      check: (answer) => {
        const hnsw = { m: 8, efConstruction: 128, quantization: 'bf16' };
        assert.deepEqual(answer, { ...settings, name: 'NAME', hnsw, recallTarget: 0.95, log: 'number', createdAt: 'number' });
      },
    });
    change({
      name: 'is not created twice', operation: 'createCollection', check: refusedWith('ALREADY_EXISTS'),
      grpc: ({ name }) => ({ ...settings, name }), rest: ({ name }) => ({ ...settings, name }),
    });
    read({ name: 'is described', operation: 'getCollection',
    grpc: () => ({}), rest: () => ({}), check: (answer) => assert.equal(answer.description, 'of tests ☂') });
    change({
      name: 'is described anew', operation: 'updateCollection', grpc: () => ({ description: '' }), rest: () => ({ description: '' }),
      check: (answer) => assert.deepEqual([answer.description, answer.tags], ['', settings.tags]),
    });
    change({
      name: 'gets other tags', operation: 'updateCollection', grpc: () => ({ tags: { entries: { only: 'one' } } }), rest: () => ({ tags: { only: 'one' } }),
      check: (answer) => assert.deepEqual(answer.tags, { only: 'one' }),
    });
    test('is listed', async () => {
      const overGrpc = await asked.server.client.listCollections({});
      const { body, status } = await asked.server.rest('GET', '/v1/collections');
      asked.openApi.answer('/v1/collections', 'GET', status, body);
      assert.deepEqual(plainMessage(overGrpc, {}), body);
      assert.deepEqual(overGrpc.collections.map(({ name }) => name), ['over-grpc', 'over-rest']);
    });
  });

  describe('writes', () => {
    const note = (target: Target, versions: readonly string[], ids: readonly string[]): void => {
      versions.forEach((version, i) => target.versions.set(ids[i] ?? '', version.replace('LOG-', `${target.log}-`)));
    };
    change({
      name: 'upsert', operation: 'upsert',
      grpc: () => ({ records: documents.map(encoded) }), rest: () => `{"records": [${documents.map((each) => documentText(each)).join()}]}`,
      check: (answer) => {
        assert.equal(answer.versions.length, 30);
        for (const target of Object.values(targets)) note(target, answer.versions, documents.map(({ id }) => id));
      },
    });
    const changed = (i: number): Document => ({ ...documents[i]!, vector: documents[i]!.vector.map((value) => -value) });
    const fresh: Document = { ...documents[1]!, id: 'fresh' };
    change({
      name: 'upsert if absent, of which one is there', operation: 'upsert',
      grpc: () => ({ records: [changed(2), fresh].map(encoded), conditions: [when('ifAbsent')] }),
      rest: () => `{"records": [${documentText(changed(2), ', "ifAbsent": true')}, ${documentText(fresh, ', "ifAbsent": true')}]}`,
      check: (answer) => assert.deepEqual([answer.versions[0], answer.refused], ['', [{ record: 0, id: 'doc-02', reason: 'exists' }]]),
    });
    change({
      name: 'upsert if absent, of which all are there', operation: 'upsert',
      grpc: () => ({ records: [changed(2), fresh].map(encoded), conditions: [when('ifAbsent'), when('ifAbsent')] }),
      rest: () => `{"records": [${documentText(changed(2), ', "ifAbsent": true')}, ${documentText(fresh, ', "ifAbsent": true')}]}`,
      check: (answer) => {
        refusedWith('ABORTED')(answer);
        assert.deepEqual(answer.error?.details.map(({ record, reason }) => [record, reason]), [[0, 'exists'], [1, 'exists']]);
      },
    });
    change({
      name: 'upsert at a version, of which one is another', operation: 'upsert',
      grpc: ({ versions }) => ({ records: [3, 4].map((i) => encoded(documents[i]!)), conditions: [3, 4].map(() => at(versions.get('doc-03') ?? '')) }),
      rest: ({ versions }) => `{"records": [${[3, 4].map((i) => documentText(documents[i]!, `, "ifVersion": "${versions.get('doc-03')}"`)).join()}]}`,
      check: (answer) => assert.deepEqual(answer.refused, [{ record: 1, id: 'doc-04', reason: 'version_mismatch' }]),
    });
    change({
      name: 'upsert, one only if present', operation: 'upsert',
      grpc: () => ({ records: [documents[5]!, { ...fresh, id: 'other' }].map(encoded), conditions: [{ condition: null }, when('ifPresent')] }),
      rest: () => `{"records": [${documentText(documents[5]!)}, ${documentText({ ...fresh, id: 'other' }, ', "ifPresent": true')}]}`,
      check: (answer) => assert.deepEqual(answer.refused, [{ record: 1, id: 'other', reason: 'missing' }]),
    });
    const request = { requestId: 'the same', attempt: 1 };
    for (const name of ['upsert with a request id', 'the same upsert again']) {
      change({
        name, operation: 'upsert', grpc: () => ({ records: [encoded(documents[6]!)], ...request }),
        rest: () => `{"records": [${documentText(documents[6]!)}], "requestId": "the same", "attempt": 1}`, check: ok,
      });
    }
    const patches: { id: string; vector?: number[]; set?: Map<string, MetadataValue>; unset?: string[]; timestamp?: bigint; expiresAt?: bigint | null }[] = [
      { id: 'doc-07', vector: [1, 2, 3, 4] },
      { id: 'doc-08', set: new Map<string, MetadataValue>([['n', 2n ** 63n - 1n], ['new', [1.0, 2n]]]), unset: ['tags', 'nothing'] },
      { id: 'doc-09', timestamp: 2n ** 63n - 1n, expiresAt: 2n ** 60n + 1n }, { id: 'doc-14', expiresAt: null }, { id: 'nobody', unset: ['n'] },
    ];
    const patchText = ({ id, vector, set, unset, timestamp, expiresAt }: (typeof patches)[number]): string => {
      const part = (name: string, text: string | undefined): string => (text === undefined ? '' : `, "${name}": ${text}`);
      return `{"id": "${id}"${part('vector', vector && JSON.stringify(vector))}${part('set', set && metadataText(set))}`
        + `${part('unset', unset && JSON.stringify(unset))}${part('timestamp', timestamp === undefined ? undefined : `"${timestamp}"`)}`
        + `${part('expiresAt', expiresAt === undefined ? undefined : String(expiresAt))}}`;
    };
    change({
      name: 'patch', operation: 'patch',
      grpc: () => ({ patches: patches.map((patch) => encodePatchRecord(schemaIds.PatchRecord, patch)) }),
      rest: () => `{"records": [${patches.map(patchText).join()}]}`,
      check: (answer) => assert.deepEqual(answer.refused, [{ record: 4, id: 'nobody', reason: 'missing' }]),
    });
    change({
      name: 'patch of nobody', operation: 'patch',
      grpc: () => ({ patches: [encodePatchRecord(schemaIds.PatchRecord, patches[4]!)] }), rest: () => `{"records": [${patchText(patches[4]!)}]}`,
      check: refusedWith('ABORTED'),
    });
    change({
      name: 'patch at an old version', operation: 'patch',
      grpc: ({ versions }) => ({ patches: [encodePatchRecord(schemaIds.PatchRecord, patches[0]!)], conditions: [at(versions.get('doc-07') ?? '')] }),
      rest: ({ versions }) => `{"records": [${patchText(patches[0]!).slice(0, -1)}, "ifVersion": "${versions.get('doc-07')}"}]}`, check: refusedWith('ABORTED'),
    });
    const ids = (names: string[]) => ({ grpc: () => ({ ids: names }), rest: () => ({ ids: names }) });
    change({ name: 'delete, of what is there and what is not', operation: 'delete', ...ids(['doc-10', 'nobody']),
    check: (answer) => assert.equal(answer.versions.length, 2) });
    change({
      name: 'delete if present', operation: 'delete',
      grpc: () => ({ ids: ['doc-11', 'nobody'], conditions: [when('ifPresent')] }),
      rest: () => ({ ids: ['doc-11', 'nobody'], conditions: [{ ifPresent: true }] }),
      check: (answer) => assert.deepEqual(answer.refused, [{ record: 1, id: 'nobody', reason: 'missing' }]),
    });
    change({
      name: 'delete by a filter up to a limit', operation: 'delete',
      grpc: () => ({ filter: is(['n'], 'lt', 3n), limit: 2 }), rest: () => ({ filter: { n: { $lt: 3 } }, limit: 2 }),
      check: (answer) => assert.deepEqual([answer.deleted, answer.changed, answer.cursor?.last], [2, 0, 'doc-01']),
    });
    change({
      name: 'delete by a filter, the rest', operation: 'delete',
      grpc: ({ cursor }) => ({ filter: is(['n'], 'lt', 3n), cursor }), rest: ({ cursor }) => ({ filter: { n: { $lt: 3 } }, cursor }),
      check: (answer) => assert.deepEqual([answer.deleted, answer.cursor], [2, undefined]),
    });
    change({
      name: 'upsert what was deleted', operation: 'upsert', grpc: () => ({ records: [0, 1, 2, 7, 8, 9, 10, 11, 14].map((i) => encoded(documents[i]!)) }),
      rest: () => `{"records": [${[0, 1, 2, 7, 8, 9, 10, 11, 14].map((i) => documentText(documents[i]!)).join()}]}`, check: ok,
    });
  });

  const valueOf = (given: null | boolean | bigint | number | string): FilterValue => {
    switch (typeof given) {
      case 'boolean': return { value: { kind: 'boolean', value: given } };
      case 'bigint': return { value: { kind: 'long', value: given } };
      case 'number': return { value: { kind: 'double', value: given } };
      case 'string': return { value: { kind: 'string', value: given } };
      default: return { value: { kind: 'nullValue', value: {} } };
    }
  };
  function is(path: string[], operator: FilterOperator, ...values: (null | boolean | bigint | number | string)[]): Filter {
    return { node: { kind: 'comparison', value: { path, operator, values: values.map(valueOf) } } };
  }
  const not = (value: Filter): Filter => ({ node: { kind: 'not', value } });
  const both = (operator: 'and' | 'or', ...filters: Filter[]): Filter => ({ node: { kind: 'combination', value: { operator, filters } } });

  /** Each filter as both transports write it, and what it finds. A text where JSON.stringify would round. */
  const filters: readonly (readonly [json: object | string, grpc: Filter, expected: string[]])[] = [
    [{}, both('and'), chosen(() => true)],
    [{ lang: 'de' }, is(['lang'], 'eq', 'de'), chosen((_, i) => i % 3 === 0)],
    [{ lang: { $ne: 'de' } }, is(['lang'], 'ne', 'de'), chosen((_, i) => i % 3 !== 0)],
    [{ n: { $gt: 26 } }, is(['n'], 'gt', 26n), chosen((_, i) => i > 26)],
    [{ n: { $gte: 26.5 } }, is(['n'], 'gte', 26.5), chosen((_, i) => i > 26)],
    [{ n: { $gte: 3, $lt: 6 } }, both('and', is(['n'], 'gte', 3n), is(['n'], 'lt', 6n)), chosen((_, i) => i >= 3 && i < 6)],
    [{ share: { $lte: 1 } }, is(['share'], 'lte', 1n), chosen((_, i) => i <= 4)],
    ['{"big": 9007199254740993}', is(['big'], 'eq', 2n ** 53n + 1n), chosen((_, i) => i === 1)],
    ['{"big": {"$gt": 9007199254741019}}', is(['big'], 'gt', 2n ** 53n + 27n), chosen((_, i) => i > 27)],
    ['{"small": {"$lt": -9223372036854775806}}', is(['small'], 'lt', -(2n ** 63n) + 2n), chosen((_, i) => i < 2)],
    [{ lang: { $in: ['de', 'fr'] } }, is(['lang'], 'in', 'de', 'fr'), chosen((_, i) => i % 3 !== 1)],
    [{ lang: { $nin: ['de', 'fr'] } }, is(['lang'], 'nin', 'de', 'fr'), chosen((_, i) => i % 3 === 1)],
    [{ maybe: null }, is(['maybe'], 'eq', null), chosen((_, i) => i % 5 === 0)],
    [{ maybe: { $exists: false } }, is(['maybe'], 'exists', false), chosen((_, i) => i % 5 !== 0)],
    [{ 'deep.er.est': 2 }, is(['deep', 'er', 'est'], 'eq', 2n), chosen((_, i) => i % 3 === 2)],
    [{ 'a\\.b': { $exists: true } }, is(['a.b'], 'exists', true), chosen(() => true)],
    [{ tags: 'a' }, is(['tags'], 'eq', 'a'), chosen((_, i) => i % 4 === 0)],
    [{ tags: { $contains: 7 } }, is(['tags'], 'contains', 7n), chosen((_, i) => i === 7)],
    [{ lang: { $startsWith: 'd' } }, is(['lang'], 'starts_with', 'd'), chosen((_, i) => i % 3 === 0)],
    [{ flag: true, n: { $lt: 5 } }, both('and', is(['flag'], 'eq', true), is(['n'], 'lt', 5n)), chosen((_, i) => i % 2 === 0 && i < 5)],
    [{ $or: [{ n: 1 }, { n: 29 }] }, both('or', is(['n'], 'eq', 1n), is(['n'], 'eq', 29n)), chosen((_, i) => i === 1 || i === 29)],
    [{ $not: { n: { $gt: 1 } } }, not(is(['n'], 'gt', 1n)), chosen((_, i) => i <= 1)],
    [
      { $and: [{ flag: false }, { $not: { lang: 'en' } }] }, both('and', is(['flag'], 'eq', false), not(is(['lang'], 'eq', 'en'))),
      chosen((_, i) => i % 2 === 1 && i % 3 !== 1),
    ],
    [{ none: { $in: [] } }, is(['none'], 'in'), []],
    [{ none: { $ne: 1 } }, is(['none'], 'ne', 1n), chosen(() => true)],
    [{ none: null }, is(['none'], 'eq', null), []],
    [{ maybe: { $ne: null } }, is(['maybe'], 'ne', null), chosen((_, i) => i % 5 !== 0)],
    [{ maybe: { $exists: true } }, is(['maybe'], 'exists', true), chosen((_, i) => i % 5 === 0)],
    [{ list: { $exists: true }, empty: { $ne: null } }, both('and', is(['list'], 'exists', true), is(['empty'], 'ne', null)), chosen(() => true)],
    [{ share: { $ne: 0.25 } }, is(['share'], 'ne', 0.25), chosen((_, i) => i !== 1)],
    [{ tags: { $ne: 'a' } }, is(['tags'], 'ne', 'a'), chosen((_, i) => i % 4 !== 0)],
    ['{"big": {"$ne": 9007199254740993}}', is(['big'], 'ne', 2n ** 53n + 1n), chosen((_, i) => i !== 1)],
    ['{"big": 9007199254740994.0}', is(['big'], 'eq', 2 ** 53 + 2), chosen((_, i) => i === 2)],
    ['{"big": {"$in": [9007199254740993, 9007199254740995]}}', is(['big'], 'in', 2n ** 53n + 1n, 2n ** 53n + 3n), chosen((_, i) => i === 1 || i === 3)],
    ['{"big": {"$nin": [9007199254740993, 9007199254740995]}}', is(['big'], 'nin', 2n ** 53n + 1n, 2n ** 53n + 3n), chosen((_, i) => i !== 1 && i !== 3)],
    [
      '{"small": {"$gte": -9223372036854775805, "$lte": -9223372036854775803}}',
      both('and', is(['small'], 'gte', -(2n ** 63n) + 3n), is(['small'], 'lte', -(2n ** 63n) + 5n)), chosen((_, i) => i >= 3 && i <= 5),
    ],
    ['{"$timestamp": {"$gt": 4611686018427387931}}', is(['$timestamp'], 'gt', 2n ** 62n + 27n), chosen((_, i) => i > 27)],
    [{ lang: { $startsWith: '' } }, is(['lang'], 'starts_with', ''), chosen(() => true)],
    [{ lang: { $startsWith: 'den' } }, is(['lang'], 'starts_with', 'den'), []],
    [{ 'a\\.b': { $startsWith: '\u0000 "q' } }, is(['a.b'], 'starts_with', '\u0000 "q'), chosen(() => true)],
    [{ $not: { tags: { $startsWith: 'a' } } }, not(is(['tags'], 'starts_with', 'a')), chosen((_, i) => i % 4 !== 0)],
  ];

  /** What a filter finds, with the copy of document 1. */
  const withCopy = (expected: readonly string[]): string[] => [...expected, ...(expected.includes('doc-01') ? ['fresh'] : [])];

  type SearchOptions = Partial<Omit<SearchRequest, 'filter' | 'read' | 'vector'>> & {
    readonly filter?: readonly [json: object, grpc: Filter];
    readonly read?: Partial<ReadOptions>;
  };

  function reads(): void {
    const textOf = (json: object | string): string => (typeof json === 'string' ? json : JSON.stringify(json));
    for (const [json, grpc, expected] of filters) {
      read({
        name: `count of ${textOf(json)}`, operation: 'count',
        grpc: () => ({ filter: grpc, read: strong() }), rest: () => `{"filter": ${textOf(json)}, "consistency": "strong"}`,
        check: (answer) => assert.equal(answer.count, withCopy(expected).length),
      });
      read({
        name: `scroll of ${textOf(json)}`, operation: 'scroll',
        grpc: () => ({ filter: both('and', grpc, is(['none'], 'exists', false)), read: strong() }),
        rest: () => `{"filter": {"$and": [${textOf(json)}, {"none": {"$exists": false}}]}, "consistency": "strong"}`,
        check: (answer) => assert.deepEqual(answer.records.map(({ id }) => id),
          withCopy(expected).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))),
      });
    }
    const get = (name: string, names: string[], include: string[] = []): void => {
      read({
        name: `get of ${name}`, operation: 'get',
        grpc: () => ({ ids: names, include, read: strong() }), rest: () => ({ ids: names, include, consistency: 'strong' }),
        check: (answer) => assert.deepEqual(answer.records.map(({ id }) => id), names.filter((id) => id !== 'nobody')),
      });
    };
    get('records there and not', ['doc-03', 'nobody', 'doc-08', 'doc-03', 'doc/17 ☂ "\\']);
    get('vectors', ['doc-07', 'doc-09'], ['vector']);
    get('metadata', ['doc-08'], ['metadata']);
    get('all of it', ['doc-14'], ['metadata', 'vector']);
    for (const id of ['doc-08', 'doc/17 ☂ "\\']) {
      read({
        name: `get of one record, ${id}`, operation: 'get', path: '/v1/collections/{collection}/records/{id}',
        grpc: () => ({ ids: [id], read: strong() }), rest: () => ({ id }),
        check: (answer) => assert.equal(answer.id, id),
      });
    }

    test('pages of a scroll, and its cursors', async () => {
      const all: Answer[][] = [];
      for (const transport of ['grpc', 'rest'] as const) {
        const pages: Answer[] = [];
        const target = targets.rest;
        do {
          const from = pages.length === 0 ? {} : { cursor: target.cursor };
          const page = { limit: 7, ...from };
          const question = { operation: 'scroll', grpc: () => ({ ...page, read: strong() }), rest: () => ({ ...page, consistency: 'strong' }) } as const;
          pages.push(await ask(asked, question, transport, target));
        } while (pages.at(-1)?.cursor !== undefined);
        all.push(pages);
      }
      assert.deepEqual(all[1], all[0]);
      assert.deepEqual(all[0]?.map(({ records }) => records.length), [7, 7, 7, 7, 3]);
    });

    const vector = [0.5, -1, 0.25, 0.1];
    const search = (name: string, { read: options = {}, filter, ...rest }: SearchOptions, check: (answer: Answer) => void = ok): void => {
      const inSession = options.consistency === 'session';
      const readOf = ({ token }: Target): Partial<ReadOptions> => ({ consistency: 'strong', ...options, ...(inSession ? { token } : {}) });
      const asRecord = 'id' in rest;
      read({
        name: `search ${name}`, operation: 'search', check,
        grpc: (target) => ({
          ...(asRecord ? {} : { vector: Float32Array.from(vector) }), ...rest, ...(filter === undefined ? {} : { filter: filter[1] }),
          read: strong(readOf(target)),
        }),
        rest: (target) => ({ ...(asRecord ? {} : { vector }), ...rest, ...(filter === undefined ? {} : { filter: filter[0] }), ...readOf(target) }),
      });
    };
    const hits = (count: number) => (answer: Answer): void => {
      assert.equal(answer.hits?.length, count, answer.error?.message);
      assert.ok(answer.hits.every(({ score, distance }) => Math.abs(score - (1 - distance)) < 1e-9));
    };
    search('by default', {}, hits(10));
    search('for three', { k: 3 }, hits(3));
    search('for more than there are', { k: 100 }, hits(31));
    search('further down', { k: 3, offset: 5 }, hits(3));
    search('above a score', { k: 20, scoreThreshold: 0.5 }, ({ hits: found }) => {
      assert.ok(found.length > 0 && found.length < 20 && found.every(({ score }) => score >= 0.5));
    });
    search('exactly', { exact: true, k: 5 }, hits(5));
    search('broadly', { ef: 500, k: 5 }, hits(5));
    search('with a filter', { k: 30, filter: [{ n: { $gte: 20 } }, is(['n'], 'gte', 20n)] }, hits(10));
    search('with metadata', { k: 4, include: ['metadata'] }, ({ hits: [hit] }) => assert.equal(typeof hit?.metadata?.['big'], 'bigint'));
    search('with vectors', { k: 4, include: ['vector'] }, ({ hits: [hit] }) => assert.deepEqual([hit?.vector?.length, hit?.metadata], [4, undefined]));
    search('with both', { k: 4, include: ['vector', 'metadata'] }, hits(4));
    search('like a record', { id: 'doc-12', k: 3 }, (answer) => assert.equal(answer.hits[0]?.id, 'doc-12'));
    search('like nobody', { id: 'nobody' }, refusedWith('NOT_FOUND'));
    search('in a session', { read: { consistency: 'session' } }, hits(10));
    search('bounded', { read: { consistency: 'bounded', maxStalenessMs: 0 } }, hits(10));
    search('with time', { read: { timeoutMs: 5_000 } }, hits(10));
    search('explained', { explain: true }, (answer) => {
      assert.ok(answer.explain.segments.length >= 3);
      assert.equal(answer.explain.segments[0]?.micros, 'number');
    });
    search('explained, with a filter', { explain: true, filter: [{ lang: 'de' }, is(['lang'], 'eq', 'de')] },
      (answer) => assert.equal(answer.explain.segments.reduce((sum, { matching }) => sum + matching, 0), 10));

    const one = SearchRequest.create({ vector: Float32Array.from(vector), k: 2 });
    read({
      name: 'a batch of searches', operation: 'searchBatch',
      grpc: () => ({
        searches: [one, { ...one, include: ['metadata'] }, { ...one, vector: new Float32Array(), id: 'doc-05', filter: is(['flag'], 'eq', true) }],
        read: strong(),
      }),
      rest: () => ({
        searches: [{ vector, k: 2 }, { vector, k: 2, include: ['metadata'] }, { id: 'doc-05', k: 2, filter: { flag: true } }], consistency: 'strong',
      }),
      check: (answer) => assert.deepEqual(answer.results.map((result) => result.hits.length), [2, 2, 2]),
    });
    read({
      name: 'statistics', operation: 'stats', grpc: () => ({}), rest: () => ({}),
      check: (answer) => {
        const { collection, records, lag, partitions } = answer as object as Record<'collection' | 'records' | 'lag', unknown> & { partitions: unknown[] };
        assert.deepEqual([collection, records, lag, partitions.length], ['NAME', 31, 0, 3]);
      },
    });
  }

  describe('reads of memory', () => {
    before(async () => {
      // The delete by filter took the copy of document 1 away, too.
      await asked.server.client.upsert({ collection: 'over-grpc', records: [encoded({ ...documents[1]!, id: 'fresh' })] });
      await asked.server.rest('PUT', '/v1/collections/over-rest/records', `{"records": [${documentText({ ...documents[1]!, id: 'fresh' })}]}`);
    });
    reads();
  });

  describe('reads of segments', () => {
    before(async () => { for (const { name } of Object.values(targets)) await asked.server.settle(name); });
    test('all is in segments', async () => {
      for (const { name } of Object.values(targets)) {
        const { growing, sealed, partitions } = await asked.server.client.stats({ collection: name });
        const rows = partitions.flatMap(({ segments }) => segments).reduce((sum, segment) => sum + segment.rows - segment.dead, 0);
        assert.deepEqual([growing, sealed, rows], [0n, 31n, 31]);
      }
    });
    reads();
  });

  describe('what else there is', () => {
    for (const name of ['VectorRecord', 'PatchRecord', 'DeleteRecord']) {
      read({ name: `the schema ${name}`, operation: 'getSchema',
      grpc: () => ({ name }), rest: () => ({ name }), check: (answer) => assert.equal(answer.name, name) });
    }
    test('a stream of gRPC answers as the calls do', async () => {
      const writing = asked.server.client.upsertStream();
      const versions: string[] = [];
      for (const document of documents.slice(0, 3)) await writing.send({ collection: 'over-grpc', records: [encoded(document)] });
      writing.end();
      let token = '';
      for await (const answer of writing) {
        versions.push(...answer.versions);
        ({ token } = answer);
      }
      assert.equal(new Set(versions).size, 3);
      const searching = asked.server.client.searchStream();
      const wanted = documents.slice(0, 3).map(({ vector }) => ({ collection: 'over-grpc', vector: Float32Array.from(vector), k: 1, read: strong() }));
      for (const search of wanted) await searching.send(search);
      searching.end();
      const found: string[] = [];
      for await (const { hits: [hit] } of searching) found.push(hit?.version ?? '');
      const alike = await Promise.all(wanted.map((search) => asked.server.client.search(search)));
      assert.deepEqual(found, alike.map(({ hits: [hit] }) => hit?.version ?? ''));
      assert.ok(token !== '');
    });
    change({ name: 'a collection is deleted', operation: 'deleteCollection',
    grpc: () => ({}), rest: () => ({}), check: (answer) => assert.deepEqual(answer, {}) });
    read({ name: 'and is gone', operation: 'getCollection', grpc: () => ({}), rest: () => ({}), check: refusedWith('NOT_FOUND') });
  });
}
