import { AppError } from '@proximadb/errors';
import { destination, pino, type Logger as Pino } from 'pino';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Facts about an event. `error` is written with its code, cause and stack. Never vectors, never secrets. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured logs: an event's name in kebab case, then its facts. An error is logged once, where it is handled. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A logger whose every line has these fields, too. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  /** Default: info. */
  readonly level?: LogLevel;
  /** On every line. */
  readonly fields?: LogFields;
  /** Where the lines go; default: standard error, synchronously, so that the last words of a crash are not lost. */
  readonly destination?: { write(line: string): void };
}

/** One JSON object a line: level, time (ISO 8601, UTC), the fields of the logger, event, the event's fields. */
export function createLogger(options: LoggerOptions = {}): Logger {
  return wrap(pino({
    level: options.level ?? 'info',
    base: options.fields ?? null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: errorFields },
  }, options.destination ?? destination({ fd: 2, sync: true })));
}

function wrap(inner: Pino): Logger {
  return {
    debug: (event, fields) => inner.debug({ event, ...fields }),
    info: (event, fields) => inner.info({ event, ...fields }),
    warn: (event, fields) => inner.warn({ event, ...fields }),
    error: (event, fields) => inner.error({ event, ...fields }),
    child: (fields) => wrap(inner.child(fields)),
  };
}

/** Causes are followed this deep, so that a circle of causes ends. */
const causesMax = 4;

function errorFields(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  const cause = error.cause === undefined || depth === causesMax ? {} : { cause: errorFields(error.cause, depth + 1) };
  const code = error instanceof AppError ? { code: error.code, details: error.details.slice(0, 10) } : 'code' in error ? { code: error.code } : {};
  return { name: error.name, message: error.message, ...code, stack: error.stack, ...cause };
}
