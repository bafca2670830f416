import { AppError, assert, toAppError, type ErrorDetail } from '@proximadb/errors';
import type { Collection } from '@proximadb/catalog';
import { AppendError, crc32c, partitionOf, type AppendEntry, type Appended, type Fate, type Log } from '@proximadb/log';
import { type CallContext, within } from '@proximadb/process';
import { formatVersion } from '@proximadb/record';
import { ReadToken, type RefusedRecord } from '@proximadb/schemas';
import type { OutcomesWanted, Outcomes } from './outcomes.ts';
import type { Writable } from './validate.ts';
import { WriteHeaders, type WriteCondition } from './write-header.ts';

/** One request's records, checked, on their way into the log. */
export interface Write {
  readonly collection: Collection;
  readonly requestId: string;
  readonly records: readonly Writable[];
  /** None, one for all, or one a record. */
  readonly conditions: readonly WriteCondition[];
  /** Whether only the shards know the outcome: patches, conditions, repeated attempts. */
  readonly decidedByShards: boolean;
}

export interface Written {
  /** One offset a partition: reads at it see the write; 0 where nothing was written. */
  readonly offsets: readonly number[];
  /** One a record, in order; empty where it was refused. */
  readonly versions: readonly string[];
  readonly refused: readonly RefusedRecord[];
}

export interface AppendDependencies {
  readonly log: Pick<Log, 'append'>;
  readonly outcomes: Outcomes;
  /** Called once all is in the log, before a shard is asked. @param through the offset after the last record, one a partition; 0: none there. */
  readonly appended: (through: readonly number[]) => void;
  /** Called once the log has let go of the records' bytes. */
  readonly release: () => void;
}

/**
 * Appends the very bytes of the records, and answers from the log, or with what the shards decided.
 * @throws AppError UNAVAILABLE with what became of each record, where the log failed; DEADLINE_EXCEEDED, with the token once the
 *   records are in the log; ABORTED is left to the caller, who knows what a refusal means.
 */
export async function append(write: Write, context: CallContext, dependencies: AppendDependencies): Promise<Written> {
  const { requestId, records, conditions, collection: { settings: { partitions } } } = write;
  const entries = entriesOf({ requestId, records, conditions, partitions });
  const { offsets, repeated } = await appendAll(write, entries, context, dependencies);
  const through = new Array<number>(write.collection.settings.partitions).fill(0);
  entries.forEach(({ partition }, record) => { through[partition] = Math.max(through[partition] ?? 0, (offsets[record] ?? 0) + 1); });
  dependencies.appended(through);
  if (!write.decidedByShards && !repeated) {
    return { offsets: through, versions: offsets.map((offset) => formatVersion(write.collection.log, offset)), refused: [] };
  }
  return { offsets: through, ...await decided(write, entries, through, context, dependencies.outcomes) };
}

/** `key` and `value` are views on the request's own memory: nothing is copied before the log does. */
export function entriesOf(
  { requestId, records, conditions, partitions }: Pick<Write, 'requestId' | 'records' | 'conditions'> & { readonly partitions: number },
): AppendEntry[] {
  const headers = new WriteHeaders(requestId, records.length, conditions);
  const counts = new Int32Array(partitions);
  return records.map(({ idBytes, bytes }, record) => {
    const partition = partitionOf(idBytes, partitions);
    const sequence = counts[partition] ?? 0;
    counts[partition] = sequence + 1;
    return { partition, key: idBytes, value: bytes, headers: headers.next(record, sequence, crc32c(bytes)) };
  });
}

async function appendAll(write: Write, entries: readonly AppendEntry[], context: CallContext, dependencies: AppendDependencies): Promise<Appended> {
  const appended = dependencies.log.append(write.collection.topic, entries, context.signal);
  // The log may hold the bytes longer than the caller waits.
  appended.then(dependencies.release, dependencies.release);
  try {
    const answer = await within(appended, context.signal);
    assert(answer.offsets.length === entries.length, 'the log answered another number of offsets');
    return answer;
  } catch (thrown) {
    throw failedAppend(write, thrown, context.signal);
  }
}

function failedAppend(write: Write, thrown: unknown, signal: AbortSignal): AppError {
  const stopped = signal.aborted ? toAppError(signal.reason) : undefined;
  // Whatever else went wrong when time was up: nobody knows of any record.
  if (!(thrown instanceof AppendError) && stopped === undefined) return asNotFound(write, toAppError(thrown));
  const fates = thrown instanceof AppendError ? thrown.fates : [];
  const why = stopped === undefined ? `the log failed: ${toAppError(thrown).message}`
    : `the log did not acknowledge the write before it ${stopped.code === 'DEADLINE_EXCEEDED' ? 'ran out of time' : 'was cancelled'}`;
  return new AppError(stopped?.code ?? 'UNAVAILABLE', `${why}; ${again(write)}`, {
    details: write.records.map((_, record) => fateDetail(write, record, fates[record])), cause: thrown,
  });
}

function asNotFound(write: Write, error: AppError): AppError {
  if (error.code === 'UNAVAILABLE' && error.details.some(({ field, reason }) => field === 'topic' && reason === 'closed')) {
    const name = JSON.stringify(write.collection.name);
    const message = `collection ${name} is changing over to the generation that a reindex made: nothing was written; ${again(write)}`;
    return new AppError('UNAVAILABLE', message, { retryAfterMs: error.retryAfterMs ?? 100, cause: error });
  }
  if (error.code !== 'NOT_FOUND') return error;
  return new AppError('NOT_FOUND', `collection ${JSON.stringify(write.collection.name)} was deleted meanwhile; nothing was written`, { cause: error });
}

function again(write: Write): string {
  return `repeat the request with requestId ${JSON.stringify(write.requestId)} and attempt counted up: nothing is applied twice`;
}

function fateDetail(write: Write, record: number, fate: Fate | undefined): ErrorDetail {
  switch (fate?.kind) {
    case 'written': return { record, reason: `written, version ${formatVersion(write.collection.log, fate.offset)}` };
    case 'not_written': return { record, reason: 'not written' };
    case 'unknown': case undefined: return { record, reason: 'unknown' };
  }
}

/** What the shards say of each record, by its partition and its place there. */
async function decided(
  write: Write, entries: readonly AppendEntry[], through: readonly number[], context: CallContext, outcomes: Outcomes,
): Promise<{ versions: string[]; refused: RefusedRecord[] }> {
  const token = tokenOf(write.collection.log, through);
  const answers = await askShards(write, wantedOf(entries, through), token, context, outcomes);
  const seen = new Int32Array(through.length);
  const refused: RefusedRecord[] = [];
  const versions = entries.map(({ partition }, record) => {
    const sequence = seen[partition] ?? 0;
    seen[partition] = sequence + 1;
    const outcome = answers.get(partition)?.[sequence];
    assert(outcome !== undefined, `partition ${partition} answered no outcome for sequence ${sequence}`);
    assert(outcome.kind !== 'unknown', 'a shard that was not asked for it answered that it does not know');
    // A repeated record has the offset of its first one.
    if (outcome.kind === 'applied') return formatVersion(write.collection.log, outcome.offset);
    refused.push({ record, id: write.records[record]?.id ?? '', reason: outcome.reason });
    return '';
  });
  return { versions, refused };
}

function wantedOf(entries: readonly AppendEntry[], through: readonly number[]): OutcomesWanted[] {
  const counts = new Map<number, number>();
  for (const { partition } of entries) counts.set(partition, (counts.get(partition) ?? 0) + 1);
  return [...counts].map(([partition, count]) => ({ partition, through: through[partition] ?? 0, count }));
}

async function askShards(write: Write, wanted: readonly OutcomesWanted[], token: string, context: CallContext, outcomes: Outcomes) {
  try {
    const asked = outcomes.outcomes(write.collection.log, write.requestId, wanted, context.deadline.remainingMs(), context.signal);
    const answers = await within(asked, context.signal);
    return new Map(answers.map((answer) => [answer.partition, answer.outcomes]));
  } catch (thrown) {
    const error = toAppError(thrown);
    const message = `the write is in the log, and its outcome is not known yet: ${error.message}; ${again(write)}`;
    throw new AppError(error.code, message, {
      token, details: error.details, ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }), cause: thrown,
    });
  }
}

/** @param offsets one a partition. */
export function tokenOf(log: number, offsets: readonly number[]): string {
  return Buffer.from(ReadToken.encode({ log: BigInt(log), offsets: offsets.map(BigInt) })).toString('base64url');
}
