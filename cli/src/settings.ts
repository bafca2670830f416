/** Settings of a server that this process becomes. */
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { loadConfig, parseFlags, type ConfigSchema } from '@proximadb/process';
import { serverVariable, type Streams } from './terminal.ts';

/** Names the configuration file. */
const configVariable = 'PROXIMADB_CONFIG';

/** Flags go before the environment, and that before the configuration file. @throws AppError INVALID_ARGUMENT for a mistake in one of them. */
export function settingsOf<S extends ConfigSchema>(schema: S, args: readonly string[], { environment }: Pick<Streams, 'environment'>): z.output<S> {
  const { config: path, ...flags } = parseFlags(schema, args);
  const file = path ?? environment[configVariable];
  return loadConfig(schema, {
    environment, flags, otherVariables: [configVariable, serverVariable],
    ...(typeof file === 'string' ? { file: readFileSync(file, 'utf8') } : {}),
  });
}
