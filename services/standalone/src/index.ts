/** One process with everything embedded. */
export { standaloneConfig, type StandaloneConfig } from './config.ts';
export { createStandalone, type Standalone } from './standalone.ts';
