/** Rows to batches to the server: several batches under way, acknowledged in the input's order, in bounded memory. */
import { AppError, assert } from '@proximadb/errors';
import type { RecordLimits } from '@proximadb/record';
import type { UnaryCalls } from 'proximadb';
import { sendBatch } from 'proximadb/batch';
import type { RecordSchema } from '../connection.ts';
import type { Position, Row, Source } from './source.ts';

/** Encoded; a batch is closed early past it, and always at the same row. */
const batchBytesMax = 4 << 20;

export interface RefusedRow {
  /** From 1 on; of jsonl the line. */
  readonly row: number;
  readonly id?: string;
  readonly field?: string;
  readonly reason: string;
}

interface AcceptedRow {
  readonly row: number;
  readonly id: string;
  readonly record: Uint8Array;
}

/** Consecutive rows of the input. The same input has the same batches in every run. */
interface Batch {
  readonly number: number;
  readonly accepted: AcceptedRow[];
  readonly refused: RefusedRow[];
  bytes: number;
  rows: number;
  after: Position;
}

export interface Target {
  readonly calls: Pick<UnaryCalls, 'upsert'>;
  readonly collection: string;
  readonly limits: RecordLimits;
  readonly schema: RecordSchema;
}

/** Everything up to `position` is durable, or was refused. */
export interface Advance {
  readonly batches: number;
  readonly position: Position;
  readonly imported: number;
  readonly refused: readonly RefusedRow[];
}

export interface ImportRun {
  readonly source: Source;
  readonly target: Target;
  readonly batchRows: number;
  /** Batches under way. */
  readonly concurrency: number;
  /** With the number of a batch: its request id. */
  readonly requestPrefix: string;
  readonly from: { readonly batches: number; readonly position: Position };
  /** In the input's order. */
  readonly onAdvance: (advance: Advance) => void;
  /** Aborted: what is under way is waited for, then it ends. */
  readonly signal: AbortSignal;
}

/** @returns whether the input was read to its end. @throws AppError of the first batch that failed; what came before it was told to `onAdvance`. */
export async function runImport(run: ImportRun): Promise<boolean> {
  const underWay: { readonly batch: Batch; readonly ids: ReadonlySet<string>; readonly done: Promise<RefusedRow[]> }[] = [];
  const finishOldest = async (): Promise<void> => {
    const oldest = underWay[0];
    assert(oldest !== undefined, 'something is under way');
    const refused = await oldest.done;
    underWay.shift();
    const { batch } = oldest;
    const all = [...batch.refused, ...refused].sort((a, b) => a.row - b.row);
    run.onAdvance({ batches: batch.number + 1, position: batch.after, imported: batch.accepted.length - refused.length, refused: all });
  };
  const submit = async (batch: Batch): Promise<void> => {
    const ids = new Set(batch.accepted.map(({ id }) => id));
    // An id that comes again must not overtake itself: the later row wins.
    while (underWay.length >= run.concurrency || underWay.some((other) => shareAny(other.ids, ids))) await finishOldest();
    const done = send(batch, run);
    done.catch(() => {});
    underWay.push({ batch, ids, done });
  };
  try {
    let batch = emptyBatch(run.from.batches, run.from.position);
    for await (const row of run.source.rows(run.from.position)) {
      if (run.signal.aborted) break;
      addRow(batch, row, run.target);
      if (batch.rows < run.batchRows && batch.bytes < batchBytesMax) continue;
      await submit(batch);
      batch = emptyBatch(batch.number + 1, batch.after);
    }
    // Half a batch would be another one in the next run.
    if (batch.rows > 0 && !run.signal.aborted) await submit(batch);
    while (underWay.length > 0) await finishOldest();
    return !run.signal.aborted;
  } catch (thrown) {
    await Promise.allSettled(underWay.map(({ done }) => done));
    throw thrown;
  }
}

function shareAny(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  for (const id of one) if (other.has(id)) return true;
  return false;
}

function emptyBatch(number: number, after: Position): Batch {
  return { number, accepted: [], refused: [], bytes: 0, rows: 0, after };
}

/** Checked by the walker as the server will, so that a bad row costs none of its neighbours. */
function addRow(batch: Batch, { number: row, after, encode }: Row, { schema, limits }: Target): void {
  batch.rows += 1;
  batch.after = after;
  let record: Uint8Array | undefined;
  try {
    record = encode(schema.schemaId);
    const { id } = schema.walker.check(record, limits);
    batch.accepted.push({ row, id, record });
    batch.bytes += record.length;
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'INVALID_ARGUMENT') throw thrown;
    const { field, reason } = thrown.details[0] ?? { reason: thrown.message };
    const id = record === undefined ? undefined : idOf(record, schema);
    batch.refused.push({ row, ...(id === undefined ? {} : { id }), ...(field === undefined ? {} : { field }), reason });
  }
}

/** Of a record that was refused for another part of it. */
function idOf(record: Uint8Array, schema: RecordSchema): string | undefined {
  try {
    return schema.walker.view(record).id;
  } catch {
    return undefined;
  }
}

/** @returns the rows that the server refused although the walker had passed them. */
async function send(batch: Batch, { requestPrefix, target }: ImportRun): Promise<RefusedRow[]> {
  const refused: RefusedRow[] = [];
  for (const [part, rows] of withoutRepeats(batch.accepted).entries()) {
    const found = await sendBatch(rows, `${requestPrefix}-${batch.number}.${part}`, async (some, requestId) =>
      (await target.calls.upsert({ collection: target.collection, records: some.map(({ record }) => record), requestId })).refused);
    refused.push(...found.map(({ row: { row, id }, ...why }) => ({ row, id, ...why })));
  }
  return refused;
}

/** A request has an id once: rows whose id came before go with the next request. */
function withoutRepeats(rows: readonly AcceptedRow[]): AcceptedRow[][] {
  const parts: AcceptedRow[][] = [];
  const times = new Map<string, number>();
  for (const row of rows) {
    const part = times.get(row.id) ?? 0;
    times.set(row.id, part + 1);
    (parts[part] ??= []).push(row);
  }
  return parts;
}
