/** What every process of ProximaDB has: configuration, logger, deadlines, supervised work, metrics, signals. */
export { branchOf, type Branch } from './branch.ts';
export { loadConfig, parseFlags, type ConfigSources, type Flags } from './config.ts';
export { configOptions, describeConfig, type ConfigOption, type ConfigSchema } from './options.ts';
export { Deadline, type CallContext, type MonotonicClock } from './deadline.ts';
export { limit, limitDefaults, limitsConfig, mebibyte, type Limit, type Limits, type LimitValues } from './limits.ts';
export { createLogger, logLevels, type Logger, type LoggerOptions, type LogFields, type LogLevel } from './logger.ts';
export { createMetrics, latencyBucketsSeconds, type Counter, type Gauge, type Histogram, type Metrics, type MetricsOptions, type Registry } from './metrics.ts';
export { periodically, untilNext } from './periodically.ts';
export { restConfig } from './rest.ts';
export { spawn, type Readiness, type Service, type Work } from './service.ts';
export { stopOnSignals, type SignalSource, type StopSignal, type StopSignalOptions } from './signals.ts';
export { within } from './within.ts';
