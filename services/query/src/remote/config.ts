/** Limits of the calls to indexers. */
import { limit, limitDefaults, mebibyte, type Limits, type LimitValues } from '@proximadb/process';

/** Units stand last in the names; all are whole numbers. */
export const remoteLimits = {
  callsMax: limit(1_024, 1, 65_536, 'Calls under way to one indexer. More: another replica, or RESOURCE_EXHAUSTED.'),
  answerBytesMax: limit(256 * mebibyte, 1_024, 1_024 * mebibyte, 'Size of one answer of an indexer, and the records that are held for one call.'),
  connectMsMax: limit(2_000, 10, 60_000, 'Longest time to connect to an indexer.'),
  backoffMs: limit(100, 1, 60_000, 'How long an indexer whose connection broke is left alone; doubled each time that it does not come back.'),
  backoffMsMax: limit(2_000, 1, 600_000, 'The longest of these times.'),
  idleMsMax: limit(60_000, 100, 86_400_000, 'A connection that nobody used for so long is closed.'),
  keepaliveMs: limit(1_000, 100, 600_000, 'How often an indexer that is called is asked whether it lives.'),
  keepaliveMsMax: limit(2_000, 100, 600_000, 'How long it may take to say so.'),
  hedgePercent: limit(5, 0, 100, 'Calls that are asked of a second replica because the first is slow, of all calls. 0: none.'),
  hedgeMsMin: limit(5, 1, 60_000, 'No call is slow before.'),
  hedgeMsStart: limit(50, 1, 60_000, 'When a call is slow as long as too few have been seen.'),
  quietMs: limit(100, 1, 60_000, 'An indexer that answers none of its calls for so long is asked last.'),
  roundsMax: limit(3, 1, 100, 'How often all replicas of a partition are tried.'),
  roundBackoffMs: limit(50, 1, 60_000, 'Wait before the second round, unless the routing changes; doubled before each further one.'),
  unservedMsMax: limit(3_000, 0, 60_000, 'How long a partition that nobody is known to serve is waited for.'),
  lateMsMax: limit(50, 1, 10_000, 'How long after its time an indexer may still say why it is late.'),
  reportMsMax: limit(5_000, 100, 60_000, 'Longest time a report is waited for.'),
  logsRemembered: limit(1_000, 1, 1_000_000, 'Logs whose last known replicas are kept in memory.'),
} as const satisfies Limits;

export type RemoteConfig = LimitValues<typeof remoteLimits>;
export const remoteDefaults: RemoteConfig = limitDefaults(remoteLimits);
