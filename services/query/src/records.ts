import { AppError, assert, invalid } from '@proximadb/errors';
import type { Collection } from '@proximadb/catalog';
import { partitionOf } from '@proximadb/log';
import { type CallContext, Deadline } from '@proximadb/process';
import { formatVersion } from '@proximadb/record';
import type {
  CountRequest, CountResponse, Filter, GetRequest, GetResponse, ScrollRequest, ScrollResponse, StoredRecord,
} from '@proximadb/schemas';
import { checkAnswerBytes, checkFilter, checkId, coverageOf, reading, refusePartial, type Read, type ReadDependencies } from './reads.ts';
import type { StoredRow } from './shards.ts';
import { decodeCursor, encodeCursor, maximum, type ScrollPosition } from './tokens.ts';

const pageDefault = 100;
const pageMax = 1_000;

/** The records of some ids that are there, in the order asked for; only their partitions are asked. */
export async function get(request: GetRequest, context: CallContext, dependencies: ReadDependencies): Promise<GetResponse> {
  const { idsMax, answerBytesMax } = dependencies.config;
  const collection = await dependencies.generations.of(request, context);
  const { ids } = request;
  refusePartial(request.read, 'is not for a get: a record that is not there could not be told from one that nobody can answer for');
  if (ids.length === 0) throw invalid('is empty; at least one id is needed', { field: 'ids' });
  if (ids.length > idsMax) {
    const reason = `has ${ids.length} ids; at most ${idsMax} are allowed in one request`;
    throw new AppError('RESOURCE_EXHAUSTED', `ids ${reason}`, { details: [{ field: 'ids', reason }] });
  }
  const partitions = new Set(ids.map((id, index) => partitionOf(checkId(id, `ids[${index}]`), collection.settings.partitions) as number));
  return reading({ collection, read: request.read }, context, dependencies, async (read) => {
    const { rows } = await read.ask([...partitions], (shards, shardsRequest, signal) => shards.get(shardsRequest, [...new Set(ids)], signal));
    const found = new Map(rows.map((row) => [row.id, row]));
    const records = ids.flatMap((id) => storedRecord(found.get(id), collection));
    checkAnswerBytes(records.map(({ record }) => record), answerBytesMax, 'ask for fewer ids');
    return { records, token: read.token, logAway: read.logAway };
  });
}

/** A page of all that match, in the order of the ids' bytes. */
export async function scroll(request: ScrollRequest, context: CallContext, dependencies: ReadDependencies): Promise<ScrollResponse> {
  const collection = await dependencies.generations.of(request, context);
  const limit = request.limit === 0 ? pageDefault : request.limit;
  if (limit < 1 || limit > pageMax) throw invalid(`is ${limit}; 1 to ${pageMax} are allowed`, { field: 'limit' });
  refusePartial(request.read, 'is not for a scroll: a page without some records could not be gone back to');
  const filter = checkFilter(request.filter);
  const replaced = (log: number) => dependencies.generations.replaced(collection, log);
  const position = request.cursor === null ? null : decodeCursor(request.cursor, collection, 'cursor', replaced);
  const floor = position === null ? null : { offsets: position.token.offsets, field: 'cursor' };
  return reading({ collection, read: request.read, floor }, context, dependencies, async (read) => {
    const { rows, cursor } = await page(read, filter, position, limit, dependencies.config.pageBytesMax);
    return { records: rows.flatMap((row) => storedRecord(row, collection)), cursor, token: read.token, logAway: read.logAway };
  });
}

async function page(read: Read, filter: Filter | null, position: ScrollPosition | null, limit: number, bytesMax: number):
Promise<{ rows: readonly StoredRow[]; cursor: string | null }> {
  const { rows, more } = await read.ask(null, (shards, request, signal) =>
    shards.scroll(request, { filter, after: position?.after ?? null, limit, bytesMax }, signal));
  const last = rows.at(-1);
  assert(rows.length <= limit, 'a page has more rows than were asked for');
  assert(!more || last !== undefined, 'an empty page says that there is more');
  return { rows, cursor: more && last !== undefined ? encodeCursor({ after: last.id, token: { log: read.collection.log, offsets: read.offsets } }) : null };
}

/** How many match, exactly, at the answer's token; of a partial answer, in the partitions that it covers. */
export async function count(request: CountRequest, context: CallContext, dependencies: ReadDependencies): Promise<CountResponse> {
  const collection = await dependencies.generations.of(request, context);
  const filter = checkFilter(request.filter);
  return reading({ collection, read: request.read }, context, dependencies, async (read) => {
    const answer = await read.ask(null, (shards, shardsRequest, signal) => shards.count(shardsRequest, filter, signal), request.read?.allowPartial);
    return { count: BigInt(answer.count), token: read.token, coverage: coverageOf(request.read, answer), logAway: read.logAway };
  });
}

/** What a delete by filter reads: the gateway's port. */
export interface FilterReader {
  scroll(collection: Collection, page: {
    readonly filter: Filter; readonly cursor: string | null; readonly atLeast: readonly number[]; readonly limit: number; readonly timeoutMs: number;
  }): Promise<{
    readonly rows: readonly { readonly id: string; readonly offset: number }[]; readonly cursor: string | null; readonly offsets: readonly number[];
  }>;
}

export function filterReader(dependencies: ReadDependencies): FilterReader {
  return {
    async scroll(collection, { filter, cursor, atLeast, limit, timeoutMs }) {
      assert(limit >= 1, 'a page has room for a row');
      checkFilter(filter);
      const position = cursor === null ? null : decodeCursor(cursor, collection, 'cursor', (log) => dependencies.generations.replaced(collection, log));
      const deadline = Deadline.after(timeoutMs, dependencies.clock);
      const offsets = position === null ? atLeast : maximum(atLeast, position.token.offsets);
      const request = { collection, read: null, floor: { offsets, field: 'cursor' } };
      return reading(request, { signal: deadline.signal, deadline }, dependencies, async (read) => {
        const answer = await page(read, filter, position, limit, dependencies.config.pageBytesMax);
        return { rows: answer.rows.map(({ id, offset }) => ({ id, offset })), cursor: answer.cursor, offsets: read.offsets };
      });
    },
  };
}

function storedRecord(row: StoredRow | undefined, { log }: Collection): StoredRecord[] {
  return row === undefined ? [] : [{ id: row.id, version: formatVersion(log, row.offset), record: row.record }];
}
