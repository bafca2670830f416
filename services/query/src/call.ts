import { invalid } from '@proximadb/errors';
import type { CallContext } from '@proximadb/process';
import type { ReadOptions } from '@proximadb/schemas';

/** The caller's time, or what its options or the configuration allow, whichever is less. */
export function callOf(read: Pick<ReadOptions, 'timeoutMs'> | null, { signal, deadline }: CallContext, timeoutMsMax: number): CallContext {
  const timeoutMs = read?.timeoutMs ?? null;
  if (timeoutMs !== null && timeoutMs < 1) throw invalid(`is ${timeoutMs}; at least 1 is needed`, { field: 'timeoutMs' });
  const shorter = deadline.within(Math.min(timeoutMs ?? Infinity, timeoutMsMax));
  signal.throwIfAborted();
  shorter.check('the read');
  return { signal: shorter === deadline ? signal : AbortSignal.any([signal, shorter.signal]), deadline: shorter };
}
