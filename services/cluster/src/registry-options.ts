/** The settings of the schema registry as its client takes them: files are read here. */
import { readFileSync } from 'node:fs';
import type { ConfluentOptions } from '@proximadb/catalog/confluent';
import { invalid, toAppError } from '@proximadb/errors';
import type { CommonConfig } from './config.ts';

/** @throws AppError INVALID_ARGUMENT for options that do not go together, or a file that cannot be read. */
export function registryOptions({ url, username, password, caFile, certFile, keyFile }: CommonConfig['registry']): ConfluentOptions {
  if ((username === undefined) !== (password === undefined)) throw invalid('goes with a password, and a password with it', { field: 'registry.username' });
  const tls = {
    ...(caFile === undefined ? {} : { ca: read(caFile, 'registry.caFile') }),
    ...(certFile === undefined ? {} : { cert: read(certFile, 'registry.certFile') }),
    ...(keyFile === undefined ? {} : { key: read(keyFile, 'registry.keyFile') }),
  };
  return {
    url, ...(username === undefined || password === undefined ? {} : { credentials: { username, password } }),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
  };
}

function read(file: string, field: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw invalid(`cannot be read: ${toAppError(error).message}`, { field });
  }
}
