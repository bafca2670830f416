/** Starting several things at once. */

/**
 * @param stack takes over what was started.
 * @returns what was started, in the order of `starts`. @throws the first error, once all the others are up or failed, too: nothing is left half started.
 */
export async function startTogether<T extends AsyncDisposable>(stack: AsyncDisposableStack, starts: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results = await Promise.allSettled(starts.map(async (start) => stack.use(await start())));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
