/** Many writers at once, and what became of each record they wrote. */
import { strict as assert } from 'node:assert';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { readAll } from '../../contract.ts';
import { AppendError, partition, type AppendEntry, type Fate, type Log } from '../../index.ts';

interface Attempt {
  readonly partition: number;
  readonly fate: Fate;
  readonly repeated: boolean;
}

export interface Found {
  readonly written: number;
  readonly notWritten: number;
  readonly unknown: number;
  /** Records that stand in the log more than once. */
  readonly doubled: number;
  /** Codes of the errors, and how often each came. */
  readonly errors: Readonly<Record<string, number>>;
}

const writersAtOnce = 8;

/** Disposing of them stops them. */
export class Writers implements AsyncDisposable {
  readonly #log: Log;
  readonly #topic: string;
  readonly #partitions: number;
  readonly #attempts = new Map<string, Attempt>();
  readonly #errors: Record<string, number> = {};
  readonly #running: Promise<void>[] = [];
  #stopped = false;
  #acknowledged = 0;

  /** Starts to write at once. */
  constructor(log: Log, topic: string, partitions: number) {
    this.#log = log;
    this.#topic = topic;
    this.#partitions = partitions;
    for (let writer = 0; writer < writersAtOnce; writer += 1) this.#running.push(this.#write(writer));
  }

  /** Waits until so many more records were acknowledged. */
  async progress(records: number, withinMs = 120_000): Promise<void> {
    const until = this.#acknowledged + records;
    const lateMs = performance.now() + withinMs;
    while (this.#acknowledged < until) {
      assert.ok(performance.now() < lateMs, `${until - this.#acknowledged} of ${records} records were not acknowledged: ${JSON.stringify(this.#errors)}`);
      await delay(5);
    }
  }

  /** Settles when every writer knows what became of its last append. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled(this.#running);
  }

  async #write(writer: number): Promise<void> {
    for (let call = 0; !this.#stopped; call += 1) {
      const entries = Array.from({ length: 1 + (call * 7) % 20 }, (_, at): AppendEntry => ({
        partition: partition((writer + at) % this.#partitions), key: Buffer.from(`${writer}`), headers: {},
        value: Buffer.from(`${writer}.${call}.${at}`.padEnd(100)),
      }));
      const note = (fates: readonly Fate[], repeated: boolean): void => {
        entries.forEach((entry, at) => {
          this.#attempts.set(`${writer}.${call}.${at}`, { partition: entry.partition, fate: fates[at] ?? { kind: 'not_written' }, repeated });
        });
      };
      try {
        const { offsets, repeated } = await this.#log.append(this.#topic, entries);
        note(offsets.map((at) => ({ kind: 'written', offset: at })), repeated);
        this.#acknowledged += offsets.length;
      } catch (error) {
        assert.ok(error instanceof AppError, String(error));
        note(error instanceof AppendError ? error.fates : [], false);
        this.#errors[error.code] = (this.#errors[error.code] ?? 0) + 1;
        await delay(Math.min(50, error.retryAfterMs ?? 50));
      }
    }
  }

  /**
   * Reads the whole topic and compares it with what the writers were told.
   * @param log any log on the same cluster.
   */
  async verify(log: Log): Promise<Found> {
    const places = new Map<string, { readonly partition: number; readonly offset: number }[]>();
    for (let at = 0; at < this.#partitions; at += 1) {
      const last = new Map<string, number>();
      for (const { offset, value } of await readAll(log, this.#topic, at, 0, 4 * 1024 * 1024)) {
        const id = Buffer.from(value ?? []).toString().trim();
        const earlier = places.get(id) ?? [];
        places.set(id, [...earlier, { partition: at, offset }]);
        const [writer = '', call = ''] = id.split('.');
        if (earlier.length === 0) assert.ok((last.get(writer) ?? -1) <= Number(call), `writer ${writer} is out of order in partition ${at} at ${offset}`);
        last.set(writer, Math.max(last.get(writer) ?? -1, Number(call)));
      }
    }
    const count = { written: 0, not_written: 0, unknown: 0, doubled: 0 };
    for (const [id, { partition: at, fate, repeated }] of this.#attempts) {
      const found = places.get(id) ?? [];
      count[fate.kind] += 1;
      if (found.length > 1) count.doubled += 1;
      if (fate.kind === 'written') {
        const isThere = found.some((place) => place.partition === at && place.offset === fate.offset);
        assert.ok(isThere, `${id} was acknowledged at ${at}/${fate.offset} and is not there`);
        assert.ok(found.length === 1 || repeated, `${id} is in the log ${found.length} times, which its writer was not told`);
      }
      if (fate.kind === 'not_written') assert.equal(found.length, 0, `${id} is in the log, its writer was told that it is not`);
    }
    assert.ok([...places.keys()].every((id) => this.#attempts.has(id)), 'nothing is there that nobody wrote');
    return { written: count.written, notWritten: count.not_written, unknown: count.unknown, doubled: count.doubled, errors: this.#errors };
  }
}
