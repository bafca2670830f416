/** A call as it came over the wire, asked of the shards. */
import { AppError, invalid, toAppError } from '@proximadb/errors';
import type { Outcome, Outcomes, OutcomesWanted } from '@proximadb/gateway';
import type { Digests, MissingPartition, ProcessFault, Shards } from '@proximadb/query';
import type {
  ShardAnswer, ShardCall, ShardDigest, ShardDigestAnswer, ShardOutcome, ShardOutcomes, ShardOutcomesAnswer, ShardPartitionOutcomes,
} from '@proximadb/schemas';

export type Answer = NonNullable<ShardAnswer['answer']>;

/** What an indexer serves to the others. */
export type ServedShards = Shards & Outcomes & Digests;

export interface Served {
  readonly shards: ServedShards;
  /** What is wrong with the whole process. */
  readonly faults: () => readonly ProcessFault[];
}

/** @throws AppError as the shards throw it; RESOURCE_EXHAUSTED for an answer with more bytes of records, which it always will have. */
export async function answerOf(call: ShardCall, served: Served, bytesMax: number, signal: AbortSignal): Promise<Answer> {
  const answer = await ask(call, served, signal);
  const bytes = recordBytes(answer);
  if (bytes > bytesMax) throw new AppError('RESOURCE_EXHAUSTED', `the answer has ${bytes} bytes of records; at most ${bytesMax} are allowed: ask for less`);
  return answer;
}

async function ask({ log, at, timeoutMs, allowPartial, call }: ShardCall, { shards, faults }: Served, signal: AbortSignal): Promise<Answer> {
  const request = { log, at, timeoutMs, allowPartial };
  switch (call?.kind) {
    case 'search': return { kind: 'search', value: await shards.search(request, call.value.searches, signal) };
    case 'get': return { kind: 'get', value: { ...await shards.get(request, call.value.ids, signal), more: false } };
    case 'scroll': return { kind: 'scroll', value: await shards.scroll(request, call.value, signal) };
    case 'count': return { kind: 'count', value: await shards.count(request, call.value.filter, signal) };
    case 'outcomes': return { kind: 'outcomes', value: await outcomesOf(call.value, request, shards, signal) };
    case 'report': return { kind: 'report', value: { reports: await shards.report(log), faults: faults() } };
    case 'digest': return { kind: 'digest', value: await digestOf(call.value, request, shards, signal) };
    case 'cancel': case undefined: throw new AppError('UNIMPLEMENTED', 'this release of the indexer does not know the call');
  }
}

interface OutcomesRequest {
  readonly log: number;
  readonly timeoutMs: number;
  readonly allowPartial: boolean;
}

/** The port answers for all partitions or for none: where it is for none, each is asked alone to see which of them it is. */
async function outcomesOf(
  { requestId, wanted }: ShardOutcomes, { log, timeoutMs, allowPartial }: OutcomesRequest, shards: Outcomes, signal: AbortSignal,
): Promise<ShardOutcomesAnswer> {
  const endMs = performance.now() + timeoutMs;
  const of = async (those: readonly OutcomesWanted[]): Promise<ShardPartitionOutcomes[]> => {
    const answers = await shards.outcomes(log, requestId, those, Math.max(1, endMs - performance.now()), signal);
    return answers.map(({ partition, outcomes }) => ({
      partition,
      outcomes: outcomes.map((outcome) => outcomeOf(outcome)),
    }));
  };
  try {
    return { partitions: await of(wanted), missing: [] };
  } catch (thrown) {
    if (!allowPartial || wanted.length === 0) throw thrown;
    if (wanted.length === 1) return { partitions: [], missing: wanted.map(({ partition }) => missingOf(partition, thrown)) };
    const each = await Promise.all(wanted.map(async (one) => {
      try {
        return { partitions: await of([one]), missing: [] };
      } catch (alone) {
        return { partitions: [], missing: [missingOf(one.partition, alone)] };
      }
    }));
    return { partitions: each.flatMap(({ partitions }) => partitions), missing: each.flatMap(({ missing }) => missing) };
  }
}

async function digestOf(
  { firstHash, lastHash, width, records }: ShardDigest, { log, at: [at], timeoutMs }: Omit<ShardCall, 'id' | 'call'>, shards: Digests, signal: AbortSignal,
): Promise<ShardDigestAnswer> {
  if (at === undefined) throw invalid('names no partition', { field: 'at' });
  const isRange = Number.isInteger(firstHash) && firstHash >= 0 && Number.isInteger(lastHash) && lastHash >= firstHash && lastHash <= 0xffff_ffff;
  if (!isRange) throw invalid(`is no range of hashes: ${firstHash} to ${lastHash}`, { field: 'firstHash' });
  const least = Math.ceil((lastHash - firstHash + 1) / 1_024);
  if (width < least) throw invalid(`is ${width}; at least ${least} is needed`, { field: 'width' });
  return shards.digest({ log, partition: at.partition, at: at.atLeast, timeoutMs, firstHash, lastHash, width, records }, signal);
}

function outcomeOf(outcome: Outcome): ShardOutcome {
  if (outcome.kind === 'unknown') return { offset: 0, refusal: null, unknown: true };
  return { offset: outcome.offset, refusal: outcome.kind === 'refused' ? outcome.reason : null, unknown: false };
}

/** @throws what was thrown, if it is not a fault of the partition. */
function missingOf(partition: number, thrown: unknown): MissingPartition {
  const { code, message } = toAppError(thrown);
  if (code !== 'UNAVAILABLE' && code !== 'DEADLINE_EXCEEDED') throw thrown;
  return { partition, code, reason: message };
}

function recordBytes(answer: Answer): number {
  switch (answer.kind) {
    case 'search': return answer.value.answers.reduce((sum, { hits }) => sum + hits.reduce((bytes, { record }) => bytes + (record?.length ?? 0), 0), 0);
    case 'get': case 'scroll': return answer.value.rows.reduce((sum, { record }) => sum + record.length, 0);
    default: return 0;
  }
}
