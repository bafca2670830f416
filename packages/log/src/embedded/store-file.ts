import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@proximadb/errors';

/** The name that LMDB gives its file in a directory. */
export const storeFile = (directory: string): string => join(directory, 'data.mdb');

const META_PAGES_BYTES = 8_192;
/** Little-endian u32, behind the header of the first page; its format follows. */
const MAGIC = { at: 24, value: 0xbeefc0de, format: 2 } as const;

/**
 * Looks whether LMDB will know its file, since lmdb-js 3.5 takes the process down if not.
 * @throws AppError DATA_LOSS if it is there and is not a store. An empty one is as good as none.
 */
export function checkStoreFile(directory: string): void {
  const file = storeFile(directory);
  if (!existsSync(file)) return;
  const head = Buffer.alloc(META_PAGES_BYTES);
  const descriptor = openSync(file, 'r');
  const length = readSync(descriptor, head, 0, head.length, 0);
  closeSync(descriptor);
  if (length === 0) return;
  const isStore = length === head.length && head.readUInt32LE(MAGIC.at) === MAGIC.value && head.readUInt32LE(MAGIC.at + 4) === MAGIC.format;
  if (!isStore) throw new AppError('DATA_LOSS', `${file} is damaged, or not a log`);
}
