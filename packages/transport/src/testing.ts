/** For tests: handlers of which each test gives those that it needs, and the parts that every server wants. */
import { AppError } from '@proximadb/errors';
import { createLogger, createMetrics, type Logger, type Metrics, type Readiness } from '@proximadb/process';
import { methods, WriteResponse, type OperationName } from '@proximadb/schemas';
import type { Handlers } from './handlers.ts';

export function handlersWith(given: Partial<Handlers>): Handlers {
  const names = new Set(methods.map((method) => method.operation));
  const missing = [...names].map((name: OperationName) => [name, async () => { throw new AppError('UNIMPLEMENTED', `${name} is not in this test`); }]);
  return { ...Object.fromEntries(missing) as unknown as Handlers, ...given };
}

export interface Parts {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly readiness: () => Readiness;
  readonly lines: string[];
}

export function parts(readiness: () => Readiness = () => ({ ready: true })): Parts {
  const lines: string[] = [];
  const logger = createLogger({ level: 'debug', destination: { write: (line) => { lines.push(line); } } });
  return { logger, metrics: createMetrics({ processMetrics: false }), readiness, lines };
}

export function written(token: string, versions: readonly string[] = []): WriteResponse {
  return WriteResponse.create({ token, versions });
}
