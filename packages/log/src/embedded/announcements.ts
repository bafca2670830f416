import { realpathSync } from 'node:fs';
import { BroadcastChannel } from 'node:worker_threads';

/** What the writer tells all threads once it is on the disk. A hint only: what counts is what the store says when it is read. */
export type Announcement =
  | { readonly kind: 'appended'; readonly partitions: readonly { readonly topic: number; readonly partition: number }[] }
  | { readonly kind: 'deleted'; readonly topic: number };

/** Name of the channel of a directory, the same in all threads of this process. */
export function channelName(directory: string): string {
  return `proximadb-log:${realpathSync(directory)}`;
}

/** If an announcement were lost: how long until a tail looks by itself. */
const LOOK_AGAIN_MS = 1_000;

/** Wakes the tails of one thread. */
export class Announcements {
  readonly #channel: BroadcastChannel;
  readonly #sleepers = new Map<number, Map<number, Set<() => void>>>();

  constructor(name: string) {
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (event: unknown) => { this.#wake((event as { data: Announcement }).data); };
    this.#channel.unref();
  }

  #wake(announcement: Announcement): void {
    if (announcement.kind === 'deleted') {
      for (const sleepers of this.#sleepers.get(announcement.topic)?.values() ?? []) for (const wake of [...sleepers]) wake();
      return;
    }
    for (const { topic, partition } of announcement.partitions) {
      for (const wake of [...this.#sleepers.get(topic)?.get(partition) ?? []]) wake();
    }
  }

  /** Settles when a partition has changed, after a second, or when the signal aborts; never rejects. */
  next(topic: number, partition: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    let partitions = this.#sleepers.get(topic);
    if (partitions === undefined) this.#sleepers.set(topic, partitions = new Map<number, Set<() => void>>());
    let sleepers = partitions.get(partition);
    if (sleepers === undefined) partitions.set(partition, sleepers = new Set());
    return this.#sleep(sleepers, signal);
  }

  #sleep(sleepers: Set<() => void>, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, LOOK_AGAIN_MS);
      signal.addEventListener('abort', wake);
      sleepers.add(wake);
    });
  }

  /** Wakes everybody, for the last time. */
  close(): void {
    this.#channel.close();
    for (const partitions of this.#sleepers.values()) for (const sleepers of partitions.values()) for (const wake of [...sleepers]) wake();
  }
}
