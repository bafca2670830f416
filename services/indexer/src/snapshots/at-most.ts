/**
 * Works on all items, at most `limit` at once. After a failure none is begun any more, those under way are told by their signal, and awaited.
 * @throws what failed first.
 */
export async function forEachAtMost<T>(
  limit: number, items: readonly T[], signal: AbortSignal | undefined, work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const either = signal === undefined ? failed.signal : AbortSignal.any([failed.signal, signal]);
  let failure: { readonly error: unknown } | undefined;
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let item = items[next]; item !== undefined && failure === undefined; item = items[next]) {
      next += 1;
      try {
        await work(item, either);
      } catch (error) {
        failure ??= { error };
        failed.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (failure !== undefined) throw failure.error;
}
