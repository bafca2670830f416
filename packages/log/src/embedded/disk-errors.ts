import { constants } from 'node:os';
import type { Refusal } from './messages.ts';

/** Errors of the system and of LMDB after which a transaction is undone and the next one may succeed, by their numbers. */
const noRoom: ReadonlySet<unknown> = new Set([
  constants.errno.ENOSPC,
  constants.errno.EDQUOT,
  constants.errno.EFBIG, // a limit on the size of files
  -30792, // MDB_MAP_FULL
  -30788, // MDB_TXN_FULL
]);

/** What an error of the store means for those who asked. */
export function refusalOf(error: unknown): Refusal {
  const message = error instanceof Error ? error.message : String(error);
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return noRoom.has(code) ? { kind: 'full', message } : { kind: 'broken', message };
}
