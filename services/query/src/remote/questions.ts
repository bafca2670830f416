/** The calls of the port: what goes to an indexer, how its answer is read, and how the answers of several become one. */
import { AppError } from '@proximadb/errors';
import type { OutcomesWanted, PartitionOutcomes } from '@proximadb/gateway';
import { ShardOutcomesWanted, ShardScroll, type Filter, type ShardCall, type ShardOutcomesAnswer } from '@proximadb/schemas';
import { mergeHits, mergePages } from '@proximadb/segment/merge';
import type { Digest, ProcessFault } from '../replicas.ts';
import type {
  CountAnswer, Covered, MissingPartition, PageAnswer, PageSpec, PartitionAt, RowsAnswer, SearchAnswers, SearchSpec, SegmentCost, ShardReport, Watermark,
} from '../shards.ts';
import type { Answer } from './connection.ts';

/** An answer that says which of the partitions asked are not in it. */
export interface Partial {
  readonly missing: readonly MissingPartition[];
}

export interface Question<A extends Partial> {
  /** As metrics and latencies name it. */
  readonly kind: string;
  /** The call for some of the partitions. */
  callFor(at: readonly PartitionAt[]): NonNullable<ShardCall['call']>;
  /** @throws AppError INTERNAL for an answer to something else. */
  read(answer: Answer, at: readonly PartitionAt[]): A;
  /** An answer of nobody. */
  readonly nothing: A;
  /** Keeps no more than one answer may hold. */
  merge(left: A, right: A): A;
  /** Bytes of records in an answer. */
  bytes(answer: A): number;
}

export function searchQuestion(searches: readonly SearchSpec[]): Question<SearchAnswers> {
  return {
    kind: searches.length === 1 ? 'search' : 'searchBatch',
    callFor: () => ({ kind: 'search', value: { searches } }),
    read(answer, at) {
      if (answer.kind !== 'search' || answer.value.answers.length !== searches.length) throw wrongAnswer('search', answer);
      const { answers, watermarks, missing } = answer.value;
      // The strategy is shown to people: one of a later release is as good.
      return { answers: answers.map(({ hits, costs }) => ({ hits, costs: costs as SegmentCost[] })), ...covered(watermarks, missing, at) };
    },
    nothing: { answers: searches.map(() => ({ hits: [], costs: [] })), watermarks: [], missing: [] },
    merge: (left, right) => ({
      answers: searches.map(({ k }, i) => {
        const [one, other] = [left.answers[i], right.answers[i]];
        return { hits: mergeHits([one?.hits ?? [], other?.hits ?? []], k), costs: [...one?.costs ?? [], ...other?.costs ?? []] };
      }),
      ...bothCovered(left, right),
    }),
    bytes: ({ answers }) => answers.reduce((sum, { hits }) => sum + bytesOf(hits), 0),
  };
}

export function getQuestion(ids: readonly string[]): Question<RowsAnswer> {
  return {
    kind: 'get',
    callFor: () => ({ kind: 'get', value: { ids } }),
    read(answer, at) {
      if (answer.kind !== 'get') throw wrongAnswer('get', answer);
      return { rows: answer.value.rows, ...covered(answer.value.watermarks, answer.value.missing, at) };
    },
    nothing: { rows: [], watermarks: [], missing: [] },
    merge: (left, right) => ({ rows: [...left.rows, ...right.rows], ...bothCovered(left, right) }),
    bytes: ({ rows }) => bytesOf(rows),
  };
}

export function scrollQuestion(page: PageSpec): Question<PageAnswer> {
  return {
    kind: 'scroll',
    callFor: () => ({ kind: 'scroll', value: ShardScroll.create(page) }),
    read(answer, at) {
      if (answer.kind !== 'scroll') throw wrongAnswer('scroll', answer);
      return { rows: answer.value.rows, more: answer.value.more, ...covered(answer.value.watermarks, answer.value.missing, at) };
    },
    nothing: { rows: [], more: false, watermarks: [], missing: [] },
    merge: (left, right) => ({ ...mergePages([left, right], page.limit, page.bytesMax), ...bothCovered(left, right) }),
    bytes: ({ rows }) => bytesOf(rows),
  };
}

export function countQuestion(filter: Filter | null): Question<CountAnswer> {
  return {
    kind: 'count',
    callFor: () => ({ kind: 'count', value: { filter } }),
    read(answer, at) {
      if (answer.kind !== 'count') throw wrongAnswer('count', answer);
      return { count: answer.value.count, ...covered(answer.value.watermarks, answer.value.missing, at) };
    },
    nothing: { count: 0, watermarks: [], missing: [] },
    merge: (left, right) => ({ count: left.count + right.count, ...bothCovered(left, right) }),
    bytes: () => 0,
  };
}

export interface OutcomesAnswer extends Partial {
  readonly partitions: readonly PartitionOutcomes[];
}

export function outcomesQuestion(requestId: string, wanted: readonly OutcomesWanted[]): Question<OutcomesAnswer> {
  return {
    kind: 'outcomes',
    callFor: (at) => ({
      kind: 'outcomes',
      value: {
        requestId,
        wanted: wanted.filter(({ partition }) => at.some((one) => one.partition === partition)).map((one) => ShardOutcomesWanted.create(one)),
      },
    }),
    read(answer, at) {
      if (answer.kind !== 'outcomes') throw wrongAnswer('outcomes', answer);
      const partitions = answer.value.partitions.map(outcomesOf);
      return { partitions, missing: checked(partitions, answer.value.missing, at) };
    },
    nothing: { partitions: [], missing: [] },
    merge: (left, right) => ({ partitions: [...left.partitions, ...right.partitions], missing: [...left.missing, ...right.missing] }),
    bytes: () => 0,
  };
}

/** @throws AppError INTERNAL for an answer to something else. */
export function readDigest(answer: Answer): Digest {
  if (answer.kind !== 'digest') throw wrongAnswer('digest', answer);
  return answer.value;
}

/** @throws AppError INTERNAL for an answer to something else. */
export function readReports(answer: Answer): { readonly reports: readonly ShardReport[]; readonly faults: readonly ProcessFault[] } {
  if (answer.kind !== 'report') throw wrongAnswer('report', answer);
  // A state of a later release is none that serves.
  const { reports, faults } = answer.value;
  const stateOf = (state: string): ShardReport['state'] => (state === 'serving' || state === 'replaying' ? state : 'stopped');
  return { faults, reports: reports.map((report) => ({ ...report, state: stateOf(report.state) })) };
}

function outcomesOf({ partition, outcomes }: ShardOutcomesAnswer['partitions'][number]): PartitionOutcomes {
  return {
    partition,
    outcomes: outcomes.map(({ offset, refusal, unknown }) =>
      (unknown ? { kind: 'unknown' } : refusal === null ? { kind: 'applied', offset } : { kind: 'refused', offset, reason: refusal })),
  };
}

function bothCovered(left: Covered, right: Covered): Covered {
  return { watermarks: [...left.watermarks, ...right.watermarks], missing: [...left.missing, ...right.missing] };
}

interface WireMissing {
  readonly partition: number;
  readonly code: string;
  readonly reason: string;
}

function covered(watermarks: readonly Watermark[], missing: readonly WireMissing[], at: readonly PartitionAt[]): Covered {
  return { watermarks, missing: checked(watermarks, missing, at) };
}

/** Each partition that was asked has to stand in one of the two lists: rows that are lost silently would be a wrong answer. */
function checked(there: readonly { readonly partition: number }[], missing: readonly WireMissing[], at: readonly PartitionAt[]): MissingPartition[] {
  const named = new Set([...there, ...missing].map(({ partition }) => partition));
  if (named.size !== at.length || !at.every(({ partition }) => named.has(partition))) {
    throw new AppError('INTERNAL', `partitions ${at.map(({ partition }) => partition).join()} were asked, and ${[...named].join()} answered`);
  }
  return missing.map(({ partition, code, reason }) => ({ partition, code: code === 'DEADLINE_EXCEEDED' ? code : 'UNAVAILABLE', reason }));
}

function bytesOf(items: readonly { readonly record: Uint8Array | null }[]): number {
  return items.reduce((sum, { record }) => sum + (record?.length ?? 0), 0);
}

function wrongAnswer(kind: string, { kind: other }: Answer): AppError {
  return new AppError('INTERNAL', `a call of ${kind} was given an answer to ${other}, or to another number of searches`);
}
