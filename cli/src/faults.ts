/** Errors as a person reads them: what happened, where, and who must act. */
import { AppError, toAppError, whoMustAct } from '@proximadb/errors';

/** What the system says of files and sockets, in our codes. */
const systemCodes: Readonly<Record<string, ConstructorParameters<typeof AppError>[0]>> = {
  ENOENT: 'NOT_FOUND', ENOTDIR: 'NOT_FOUND', EACCES: 'PERMISSION_DENIED', EPERM: 'PERMISSION_DENIED', EROFS: 'PERMISSION_DENIED',
  ENOSPC: 'RESOURCE_EXHAUSTED', EDQUOT: 'RESOURCE_EXHAUSTED', EMFILE: 'RESOURCE_EXHAUSTED', EISDIR: 'INVALID_ARGUMENT', EEXIST: 'ALREADY_EXISTS',
  EADDRINUSE: 'UNAVAILABLE', EADDRNOTAVAIL: 'INVALID_ARGUMENT', EIO: 'DATA_LOSS',
};
const sentences: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder', EACCES: 'it may not be accessed', EPERM: 'it may not be accessed', EISDIR: 'it is a folder, not a file',
  ENOSPC: 'the disk is full', EROFS: 'the disk may not be written to', ENOTDIR: 'a part of the path is not a folder',
};

/** As {@link toAppError}; what the system refused is the world's fault, too, and not ours. */
export function faultOf(thrown: unknown): AppError {
  if (thrown instanceof Error && !(thrown instanceof AppError) && 'code' in thrown) {
    const { code, path, syscall } = thrown as NodeJS.ErrnoException;
    const known = code === undefined || syscall === undefined ? undefined : systemCodes[code];
    if (code !== undefined && known !== undefined) {
      return new AppError(known, `${path ?? syscall ?? 'system'}: ${sentences[code] ?? thrown.message}`, { cause: thrown });
    }
  }
  return toAppError(thrown);
}

const advice = {
  caller: 'correct the command and run it again',
  retry: 'try again later',
  operator: 'whoever runs the server has to look after it',
  developer: 'this is a mistake of ProximaDB: please report it with the lines below',
} as const;

const detailsShown = 20;

/** Lines for standard error. */
export function describeFault(error: AppError): string[] {
  const { code, message, details } = error;
  const lines = [`${code} ${message}`];
  // A single detail is in the message already.
  if (details.length > 1) {
    for (const { record, field, reason } of details.slice(0, detailsShown)) {
      lines.push(`  ${[record === undefined ? '' : `record ${record}`, field ?? '', reason].filter((part) => part !== '').join(': ')}`);
    }
    if (details.length > detailsShown) lines.push(`  and ${details.length - detailsShown} more`);
  }
  const who = whoMustAct(code);
  if (code !== 'CANCELLED') lines.push(`  → ${advice[who]}`);
  if (who === 'developer') lines.push((error.cause instanceof Error ? error.cause.stack : error.stack) ?? '');
  return lines;
}
