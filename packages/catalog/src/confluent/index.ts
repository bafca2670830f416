/** The schema registry of a cluster, over the Confluent API. */
export { ConfluentRegistry, type ConfluentOptions } from './confluent-registry.ts';
export type { Credentials } from './addresses.ts';
export type { RegistryTls } from './exchange.ts';
export type { Registered, Verdict } from './questions.ts';
