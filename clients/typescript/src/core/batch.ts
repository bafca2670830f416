/** One batch of records as few requests as it takes: a bad record costs none of its neighbours. */
import { AppError } from '@proximadb/errors';
import type { RefusedRecord } from '@proximadb/schemas';

export interface RefusedRow<Row> {
  readonly row: Row;
  readonly field?: string;
  readonly reason: string;
}

/** @param requestId of this very request. @throws AppError. */
export type SendRows<Row> = (rows: readonly Row[], requestId: string) => Promise<readonly RefusedRecord[]>;

/**
 * A request that is refused whole is sent again without the records that it is refused for, or in halves if it is too large. Nothing of it
 * was written, so what is sent then is another request, with an id of its own: `<requestId>.1` and so on, the same ones if the batch is
 * sent again.
 * @param requestId 1 to 58 characters.
 * @returns those that were refused.
 * @throws AppError where it is not the records' fault; some of them may be written.
 */
export async function sendBatch<Row>(rows: readonly Row[], requestId: string, send: SendRows<Row>): Promise<RefusedRow<Row>[]> {
  const refused: RefusedRow<Row>[] = [];
  const waiting: (readonly Row[])[] = [rows];
  let requests = 0;
  for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
    if (part.length === 0) continue;
    try {
      const found = await send(part, requests === 0 ? requestId : `${requestId}.${requests}`);
      for (const { record, reason } of found) refuse(part, record, { reason }, refused);
    } catch (thrown) {
      const parts = thrown instanceof AppError ? smaller(part, thrown, refused) : undefined;
      if (parts === undefined) throw thrown;
      waiting.unshift(...parts);
    }
    requests += 1;
  }
  return refused;
}

/** What to send in place of a request that was refused whole; undefined: it is not the records' fault. */
function smaller<Row>(rows: readonly Row[], error: AppError, refused: RefusedRow<Row>[]): (readonly Row[])[] | undefined {
  if (error.code === 'RESOURCE_EXHAUSTED' && error.retryAfterMs === undefined && rows.length > 1) {
    const half = Math.ceil(rows.length / 2);
    return [rows.slice(0, half), rows.slice(half)];
  }
  const named = new Map(error.details.flatMap((detail) => (detail.record === undefined ? [] : [[detail.record, detail] as const])));
  if (named.size === 0) return undefined;
  if (error.code === 'ABORTED') {
    // The conditions of all of them failed; only the first ones may be named.
    rows.forEach((_, at) => { refuse(rows, at, named.get(at) ?? { reason: error.message }, refused); });
    return [];
  }
  if (error.code !== 'INVALID_ARGUMENT') return undefined;
  for (const [at, detail] of named) refuse(rows, at, detail, refused);
  return [rows.filter((_, at) => !named.has(at))];
}

function refuse<Row>(rows: readonly Row[], at: number, { field, reason }: { field?: string; reason: string }, refused: RefusedRow<Row>[]): void {
  const row = rows[at];
  if (row !== undefined) refused.push({ row, ...(field === undefined ? {} : { field }), reason });
}
