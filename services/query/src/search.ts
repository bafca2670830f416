import type { CallContext } from '@proximadb/process';
import { AppError, assert, invalid } from '@proximadb/errors';
import type { Collection } from '@proximadb/catalog';
import { partitionOf } from '@proximadb/log';
import { formatVersion, wireSchemaId } from '@proximadb/record';
import type { Explain, Hit, Metric, SearchBatchRequest, SearchBatchResponse, SearchRequest, SearchResponse } from '@proximadb/schemas';
import { mergeHits } from '@proximadb/segment/merge';
import { checkAnswerBytes, checkFilter, checkId, coverageOf, reading, type Read, type ReadDependencies } from './reads.ts';
import type { SearchAnswer, SearchSpec, SegmentCost, ShardHit } from './shards.ts';

const hitsDefault = 10;
const hitsMax = 10_000;

/** One search, checked. */
interface Search {
  /** Of a search by id: filled in when the record was read. */
  readonly spec: SearchSpec;
  readonly like: { readonly id: string; readonly idBytes: Uint8Array; readonly field: string } | null;
  readonly offset: number;
  readonly scoreThreshold: number | null;
}

export async function search(request: SearchRequest, context: CallContext, dependencies: ReadDependencies): Promise<SearchResponse> {
  const collection = await dependencies.generations.of(request, context);
  const [result] = await searchAll([checkSearch(request, collection, '', dependencies.config.efMax)], request.read, collection, context, dependencies);
  assert(result !== undefined, 'a search has one result');
  return result;
}

export async function searchBatch(request: SearchBatchRequest, context: CallContext, dependencies: ReadDependencies): Promise<SearchBatchResponse> {
  const { batchSearchesMax, batchHitsMax, efMax } = dependencies.config;
  const collection = await dependencies.generations.of(request, context);
  const { searches } = request;
  if (searches.length === 0) throw invalid('has no search; at least one is needed', { field: 'searches' });
  if (searches.length > batchSearchesMax) throw tooMany(`has ${searches.length} searches; at most ${batchSearchesMax} are allowed`);
  const checked = searches.map((one, index) => {
    const place = `searches[${index}].`;
    if (one.collection !== '' && one.collection !== request.collection) throw invalid('is that of the batch: leave it empty', { field: `${place}collection` });
    if (one.read !== null) throw invalid('is said once, for the whole batch', { field: `${place}read` });
    return checkSearch(one, collection, place, efMax);
  });
  const hits = checked.reduce((sum, { spec }) => sum + spec.k, 0);
  if (hits > batchHitsMax) throw tooMany(`asks for ${hits} hits; at most ${batchHitsMax} are allowed`);
  return { results: await searchAll(checked, request.read, collection, context, dependencies) };
}

function tooMany(reason: string): AppError {
  return new AppError('RESOURCE_EXHAUSTED', `searches ${reason} in one batch`, { details: [{ field: 'searches', reason }] });
}

async function searchAll(
  searches: readonly Search[], options: SearchRequest['read'], collection: Collection, context: CallContext, dependencies: ReadDependencies,
): Promise<SearchResponse[]> {
  const startedMs = dependencies.clock();
  return reading({ collection, read: options, weight: searches.length }, context, dependencies, async (read) => {
    const waitedMs = dependencies.clock() - startedMs;
    const specs = await withVectors(searches, read, dependencies);
    const answer = await read.ask(null, (shards, request, signal) => shards.search(request, specs, signal), options?.allowPartial);
    const { answers } = answer;
    const coverage = coverageOf(options, answer);
    assert(answers.length === searches.length, 'the shards answered another number of searches');
    const found = searches.map((one, index) => hitsOf(one, answers[index]?.hits ?? [], collection));
    checkAnswerBytes(found.flat().map(({ record }) => record), dependencies.config.answerBytesMax, 'ask for fewer hits, or without include');
    const totalMs = dependencies.clock() - startedMs;
    const { token, logAway } = read;
    return searches.map(({ spec }, index): SearchResponse =>
      ({ hits: found[index] ?? [], token, coverage, logAway, explain: spec.explain ? explainOf(answers[index], waitedMs, totalMs) : null }));
  });
}

/** @param place what stands before a field's name in errors. */
function checkSearch(request: SearchRequest, collection: Collection, place: string, efMax: number): Search {
  const { dimension, metric } = collection.settings;
  const { vector, id, offset, scoreThreshold, ef } = request;
  const wanted = request.k === 0 ? hitsDefault : request.k;
  if (wanted < 1 || wanted > hitsMax) throw invalid(`is ${wanted}; 1 to ${hitsMax} are allowed`, { field: `${place}k` });
  if (offset < 0) throw invalid(`is ${offset}; at least 0 is needed`, { field: `${place}offset` });
  if (offset + wanted > hitsMax) throw invalid(`and k are ${offset + wanted} together; at most ${hitsMax} are allowed`, { field: `${place}offset` });
  if (scoreThreshold !== null && !Number.isFinite(scoreThreshold)) throw invalid('is not a finite number', { field: `${place}scoreThreshold` });
  if (ef !== null && (ef < 1 || ef > efMax)) throw invalid(`is ${ef}; 1 to ${efMax} are allowed`, { field: `${place}ef` });
  if (id === null && vector.length === 0) throw invalid('is needed, or an id', { field: `${place}vector` });
  if (id !== null && vector.length > 0) throw invalid('goes in place of a vector; only one of the two is allowed', { field: `${place}id` });
  if (id === null) checkVector(vector, dimension, metric, `${place}vector`);
  return {
    spec: {
      vector, k: offset + wanted, exact: request.exact, ef, explain: request.explain, records: request.include.length > 0,
      filter: checkFilter(request.filter, `${place}filter`),
    },
    like: id === null ? null : { id, idBytes: checkId(id, `${place}id`), field: `${place}id` },
    offset, scoreThreshold,
  };
}

function checkVector(vector: Float32Array, dimension: number, metric: Metric, field: string): void {
  if (vector.length !== dimension) throw invalid(`has ${vector.length} numbers; the collection's dimension is ${dimension}`, { field });
  const wrong = vector.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw invalid(`is ${vector[wrong] ?? NaN}; a finite number is needed`, { field: `${field}[${wrong}]` });
  if (metric === 'cosine' && vector.every((value) => value === 0)) throw invalid('is zero, which has no direction: not allowed under cosine', { field });
}

/** Reads the vectors of the records that searches name, all in one question, at the searches' own consistency. */
async function withVectors(searches: readonly Search[], read: Read, { catalog }: ReadDependencies): Promise<SearchSpec[]> {
  const named = new Map(searches.flatMap(({ like }) => (like === null ? [] : [[like.id, like.idBytes] as const])));
  if (named.size === 0) return searches.map(({ spec }) => spec);
  const { dimension, partitions } = read.collection.settings;
  const places = [...new Set([...named.values()].map((idBytes) => partitionOf(idBytes, partitions)))];
  const { rows } = await read.ask(places, (shards, request, signal) => shards.get(request, [...named.keys()], signal));
  const vectors = new Map<string, Float32Array>();
  for (const { id, record } of rows) {
    const view = (await catalog.schemas.walker(wireSchemaId(record))).view(record);
    assert(view.vectorLength === dimension, `a stored record has ${view.vectorLength} numbers, and the collection's dimension is ${dimension}`);
    const vector = new Float32Array(dimension);
    view.copyVector(vector, 0);
    vectors.set(id, vector);
  }
  return searches.map(({ spec, like }) => {
    if (like === null) return spec;
    const vector = vectors.get(like.id);
    if (vector === undefined) {
      const reason = `there is no record ${JSON.stringify(like.id)}`;
      throw new AppError('NOT_FOUND', `${like.field}: ${reason}`, { details: [{ field: like.field, reason }] });
    }
    return { ...spec, vector };
  });
}

function hitsOf({ spec, offset, scoreThreshold }: Search, found: readonly ShardHit[], { log, settings: { metric } }: Collection): Hit[] {
  const hits = mergeHits([found], spec.k).slice(offset).map(({ id, distance, offset: at, record }): Hit =>
    ({ id, distance, score: scoreOf(metric, distance), version: formatVersion(log, at), record: spec.records ? record : null }));
  return scoreThreshold === null ? hits : hits.filter(({ score }) => score >= scoreThreshold);
}

/** Higher is better, for every metric: cosine similarity, dot product, and the distances turned round. */
export function scoreOf(metric: Metric, distance: number): number {
  return (metric === 'cosine' ? 1 : 0) - distance;
}

function explainOf(answer: SearchAnswer | undefined, waitedMs: number, totalMs: number): Explain {
  const segments = (answer?.costs ?? []).map((cost: SegmentCost) => ({ ...cost }));
  return { segments, waitedMicros: waitedMs * 1_000, totalMicros: totalMs * 1_000 };
}
