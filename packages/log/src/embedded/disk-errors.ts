import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

const { EIO, ENOSPC, EDQUOT, EFBIG } = constants.errno;
const noRoom: ReadonlySet<unknown> = new Set([ENOSPC, EDQUOT, EFBIG]);

/** What the store threw, for an operator. lmdb-js gives the number of the error as its code; the rest of its message may be of an earlier error. */
export function describeDiskError(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  if (noRoom.has(code)) return 'there is no room for the log on the disk';
  // LMDB makes EIO of a page that was written in part.
  if (code === EIO) return 'the disk failed or has no room for the log (EIO)';
  const name = typeof code === 'number' && code > 0 ? getSystemErrorMap().get(-code)?.[0] : undefined;
  return name ?? (error instanceof Error ? error.message : String(error));
}
