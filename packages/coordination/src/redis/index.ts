import { invalid } from '@proximadb/errors';
import type { Logger } from '@proximadb/process';
import type { Coordination, MemberIdentity } from '../port.ts';
import { connectRedis, parseRedisUrl, type ClientOptions } from './connect.ts';
import { LastKnown } from './last-known.ts';
import { RedisCoordination } from './redis-coordination.ts';
import { RedisStore } from './store.ts';

export { connectRedis, parseRedisUrl, type ClientOptions, type RedisPlace } from './connect.ts';

export interface CoordinationOptions {
  /** Who this process is. */
  readonly self: MemberIdentity;
  /** Those with the same name know each other; letters, digits, `_`, `.` and `-`. Default: `default`. */
  readonly installation?: string;
  /** ms of silence after which a member is dead. Default: 3,000. A member beats three times in it, and at least once a second. */
  readonly ttlMs?: number;
  /** ms to wait for the first answer of Redis; after that the process starts without it. Default: 1,500. */
  readonly startMs?: number;
  /** Path of the file that keeps the members over a restart; its folder must be there. Default: none is kept. */
  readonly lastKnownFile?: string;
  readonly logger?: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Whatever the URL cannot say. */
  readonly client?: ClientOptions;
}

/**
 * Joins an installation through Redis (6.2 or later, or Valkey).
 * @param url see {@link parseRedisUrl}.
 * @returns once Redis answered, or after `startMs`: it is used when it comes.
 * @throws AppError INVALID_ARGUMENT if the URL, the name of the installation or the id is none.
 */
export async function openCoordination(url: string, options: CoordinationOptions): Promise<Coordination> {
  const { self, installation = 'default', lastKnownFile, ttlMs, logger } = options;
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,126}$/.test(installation)) throw invalid('letters, digits, _, . and - (at most 127)', { field: 'installation' });
  if (self.id === '') throw invalid('must not be empty', { field: 'self.id' });
  const place = parseRedisUrl(url);
  const lastKnown = lastKnownFile === undefined ? undefined : new LastKnown(lastKnownFile, logger);
  const remembered = await lastKnown?.read() ?? [];
  const store = new RedisStore(connectRedis(place, options.client), installation);
  const coordination = new RedisCoordination({
    self, store, ...(ttlMs === undefined ? {} : { ttlMs }), ...(lastKnown === undefined ? {} : { lastKnown }), ...(logger === undefined ? {} : { logger }),
  }, remembered);
  await coordination.start(options.startMs ?? 1_500);
  return coordination;
}
