/** About an L2 cache: what is larger comes from memory each time it is read. */
// @ts-ignore: decorator
@inline export const cacheBytes: usize = 1 << 20;

/** Whether the search that was begun last reads more than the cache holds. */
export let fromMemory: bool = false;

export function expectToRead(bytes: u64): void {
  fromMemory = bytes > cacheBytes;
}
