/** Limits of the query service. */
import { limit, limitDefaults, mebibyte, type Limits, type LimitValues } from '@proximadb/process';

/** Units stand last in the names; all are whole numbers. */
export const queryLimits = {
  readsMax: limit(256, 1, 65_536, 'Reads that are worked on at once; a batch of searches counts as many.'),
  queueMax: limit(1_024, 0, 1_000_000, 'Reads that wait for their turn. More: RESOURCE_EXHAUSTED, with a time to come back.'),
  retryAfterMs: limit(50, 1, 60_000, 'When a caller that was sent away is told to come back.'),
  timeoutMsMax: limit(60_000, 1, 3_600_000, 'Longest time a read is worked on, whatever its caller asks for.'),
  batchSearchesMax: limit(100, 1, 10_000, 'Searches of one batch.'),
  batchHitsMax: limit(100_000, 1, 10_000_000, 'Hits that the searches of one batch ask for, together.'),
  efMax: limit(10_000, 1, 1_000_000, 'Candidates that a search may ask a graph for.'),
  idsMax: limit(1_000, 1, 100_000, 'Ids of one get.'),
  pageBytesMax: limit(16 * mebibyte, 1_024, 1_024 * mebibyte, 'Records of one scroll page; at least one comes.'),
  answerBytesMax: limit(64 * mebibyte, 1_024, 1_024 * mebibyte, 'Records of one answer to a get or a search. More: RESOURCE_EXHAUSTED.'),
  logsRemembered: limit(1_000, 1, 1_000_000, 'Logs whose ends are kept in memory.'),
} as const satisfies Limits;

export type QueryConfig = LimitValues<typeof queryLimits>;

export const queryDefaults: QueryConfig = limitDefaults(queryLimits);
