import { assert } from '@proximadb/errors';
import type { Catalog } from '@proximadb/catalog';
import type { Log } from '@proximadb/log';
import type { Logger, MonotonicClock } from '@proximadb/process';
import { queryDefaults, queryLimits, type QueryConfig } from './config.ts';
import { ConsistencyResolver } from './consistency.ts';
import { Probes } from './probes.ts';
import { Generations } from './generations.ts';
import { queryOver, type Query } from './query.ts';
import type { Shards } from './shards.ts';
import { Turns } from './turns.ts';

export interface QueryDependencies {
  readonly log: Pick<Log, 'extents'>;
  readonly catalog: Pick<Catalog, 'lookUp' | 'schemas' | 'passed' | 'reindexing' | 'byLog'>;
  readonly shards: Shards;
  /** Default: the system's. */
  readonly clock?: MonotonicClock;
  readonly logger: Logger;
}

/** @param config what is left out has its default. */
export function createQuery(config: Partial<QueryConfig>, { log, catalog, shards, clock = () => performance.now(), logger }: QueryDependencies): Query {
  const complete = { ...queryDefaults, ...config };
  for (const [name, { minimum, maximum }] of Object.entries(queryLimits)) {
    const value = complete[name as keyof QueryConfig];
    assert(Number.isInteger(value) && value >= minimum && value <= maximum, `query.${name} is ${value}; ${minimum} to ${maximum} are allowed`);
  }
  logger.debug('query-created', { ...complete });
  const probes = new Probes(log, clock, complete.logsRemembered);
  const turns = new Turns(complete.readsMax, complete.queueMax, complete.retryAfterMs);
  const generations = new Generations(catalog, probes, complete.timeoutMsMax);
  const resolver = new ConsistencyResolver(probes, logger, (collection, log) => generations.replaced(collection, log));
  return queryOver({ config: complete, catalog, generations, shards, resolver, probes, turns, clock }, log);
}
