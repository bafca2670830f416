import { randomUUID } from 'node:crypto';
import { assert } from '@proximadb/errors';
import type { Logger } from '@proximadb/process';
import { gatewayDefaults, gatewayLimits, type GatewayConfig } from './config.ts';
import { gatewayOver, type Gateway, type GatewayCoreDependencies } from './gateway.ts';
import { ofThisProcess, type Indexers } from './indexers.ts';

export interface GatewayDependencies extends Omit<GatewayCoreDependencies, 'nowMicros' | 'randomId' | 'indexers'> {
  /** Microseconds since 1970-01-01 UTC, for the timestamps of deletes. Default: the system's. */
  readonly clock?: () => number;
  /** Ids of requests whose callers gave none; at most 64 characters, never the same twice. Default: random UUIDs. */
  readonly randomId?: () => string;
  /** Those of other processes. Default: there are none. */
  readonly indexers?: Indexers;
  readonly logger: Logger;
}

/** @param config what is left out has its default. */
export function createGateway(config: Partial<GatewayConfig>, { clock, randomId, indexers, logger, ...dependencies }: GatewayDependencies): Gateway {
  const complete = { ...gatewayDefaults, ...config };
  for (const [name, { minimum, maximum }] of Object.entries(gatewayLimits)) {
    const value = complete[name as keyof GatewayConfig];
    assert(Number.isInteger(value) && value >= minimum && value <= maximum, `gateway.${name} is ${value}; ${minimum} to ${maximum} are allowed`);
  }
  logger.debug('gateway-created', { ...complete });
  return gatewayOver(complete, {
    ...dependencies, indexers: indexers ?? ofThisProcess, nowMicros: clock ?? (() => Date.now() * 1_000), randomId: randomId ?? randomUUID,
  });
}
