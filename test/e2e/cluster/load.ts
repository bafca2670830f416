/**
 * Writers and readers that go on whatever happens, and a book of what they were told. Every key has one writer, which counts its values up:
 * so what a key may hold is known at every moment.
 */
import { strict as assert } from 'node:assert';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { compileWalker, encodeVectorRecord } from '@proximadb/record';
import type { ReadOptions } from '@proximadb/schemas';
import type { Client } from '@proximadb/transport/client';

export const dimension = 8;
const keysAWriter = 20;

interface Key {
  /** The last value that was acknowledged; 0: none. */
  acked: number;
  /** The last that was sent. */
  sent: number;
}

/** A read that took longer than {@link slowMs}. */
interface Slow {
  readonly caller: string;
  readonly ms: number;
}

const slowMs = 1_500;
/** Between two calls: without pauses the load alone would take both cores of a machine. Writers pause less, so that what is killed has writes under way. */
const pauseMs = { writer: 15, reader: 50 };

export class Load implements AsyncDisposable {
  readonly #client: Client;
  readonly #collection: string;
  readonly #schemaId: number;
  readonly #walker: ReturnType<typeof compileWalker>;
  readonly #keys = new Map<string, Key>();
  readonly #stop = new AbortController();
  /** Ends calls under way, too: of a test that has failed. */
  readonly #abort = new AbortController();
  readonly #running: Promise<void>[] = [];
  /** What readers were told in place of an answer. */
  readonly readErrors: string[] = [];
  /** Writes that ended without an acknowledgement, whatever became of them. */
  readonly writeErrors: string[] = [];
  /** What was seen and must not be. */
  readonly wrong: string[] = [];
  readonly #slow: Slow[] = [];
  #tokenReadsMs: number[] = [];
  writes = 0;
  reads = 0;

  /** Makes the collection, and starts. @param client retries within its time, as every client of ours does. */
  static async start(client: Client, collection: string, { writers = 4, readers = 2, partitions = 6 } = {}): Promise<Load> {
    await client.createCollection({ name: collection, dimension, partitions });
    const { id, schema } = await client.getSchema({ name: 'VectorRecord' });
    const load = new Load(client, collection, id, schema);
    for (let i = 0; i < writers; i += 1) load.#running.push(load.#write(i));
    for (let i = 0; i < readers; i += 1) load.#running.push(load.#read(i));
    return load;
  }

  private constructor(client: Client, collection: string, schemaId: number, schema: string) {
    this.#client = client;
    this.#collection = collection;
    this.#schemaId = schemaId;
    this.#walker = compileWalker(JSON.parse(schema));
  }

  /** Reads at a token since this was asked last. */
  tokenReads(): { readonly count: number; readonly medianMs: number } {
    const sorted = this.#tokenReadsMs.sort((left, right) => left - right);
    this.#tokenReadsMs = [];
    return { count: sorted.length, medianMs: sorted[sorted.length >> 1] ?? NaN };
  }

  /** Lets the load run for a while. @returns how much was written and read meanwhile. */
  async go(ms: number): Promise<{ readonly writes: number; readonly reads: number }> {
    const { writes, reads } = this;
    await delay(ms);
    return { writes: this.writes - writes, reads: this.reads - reads };
  }

  /** Ends what `finish` has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#abort.abort();
    await Promise.all(this.#running);
  }

  /** A fault may cost each reader one slow answer, and no more. */
  assertNobodyWaitedTwice(): void {
    const most = Math.max(0, ...[...Map.groupBy(this.#slow, ({ caller }) => caller).values()].map(({ length }) => length));
    assert.ok(most <= 1, `a reader had more than one slow answer: ${JSON.stringify(this.#slow)}`);
  }

  /** Ends the load, and compares what the cluster has with what it acknowledged. */
  async finish(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
    const found = new Map<string, number>();
    for (let cursor: string | null = null; ;) {
      const page = await this.#client.scroll({ collection: this.#collection, limit: 1_000, cursor, read: strong });
      for (const { id, record } of page.records) {
        assert.ok(!found.has(id), `${id} comes once`);
        found.set(id, this.#valueOf(record));
      }
      cursor = page.cursor;
      if (cursor === null) break;
    }
    for (const [id, { acked, sent }] of this.#keys) {
      const value = found.get(id) ?? 0;
      assert.ok(value >= acked && value <= sent, `${id} is ${value}; ${acked} was acknowledged last, ${sent} sent last`);
    }
    const { count } = await this.#client.count({ collection: this.#collection, read: strong });
    assert.equal(Number(count), found.size);
    assert.deepEqual(this.wrong, []);
    assert.ok(this.writes > 50 && this.reads > 50, `${this.writes} writes, ${this.reads} reads`);
  }

  #valueOf(record: Uint8Array): number {
    return Number(this.#walker.view(record).readMetadata().get('value') ?? 0);
  }

  async #write(writer: number): Promise<void> {
    for (let turn = 0; !this.#stop.signal.aborted; turn += 1) {
      const id = turn % 5 === 4 ? `once-${writer}-${turn}` : `key-${writer}-${turn % keysAWriter}`;
      const key = this.#keys.get(id) ?? { acked: 0, sent: 0 };
      this.#keys.set(id, key);
      key.sent += 1;
      const value = key.sent;
      const record = encodeVectorRecord(this.#schemaId, { id, vector: vectorOf(writer, turn), metadata: new Map([['value', BigInt(value)]]) });
      // Of a record that nobody else writes: that it exists already can only be its own first attempt, which a retry must not be told.
      const call = { signal: this.#abort.signal };
      const conditions = turn % 5 === 4 ? [{ condition: { kind: 'ifAbsent' as const, value: {} } }] : [];
      try {
        const { token } = await this.#client.upsert({ collection: this.#collection, records: [record], conditions }, call);
        key.acked = value;
        this.writes += 1;
        if (turn % 3 === 0) await this.#readBack(`writer ${writer}`, id, value, token);
      } catch (thrown) {
        const error = told(thrown);
        if (error.code === 'ABORTED') this.wrong.push(`${id}: ${error.message}`);
        else this.writeErrors.push(`${error.code}: ${error.message}`);
        await delay(50);
      }
      await delay(pauseMs.writer);
    }
  }

  /** A read at the write's token sees the write: its writer is the only one, and writes nothing meanwhile. */
  async #readBack(caller: string, id: string, value: number, token: string): Promise<void> {
    const read = { ...strong, consistency: 'session' as const, token };
    const asked = { collection: this.#collection, ids: [id], read };
    const startMs = performance.now();
    const answer = await this.#asked(caller, () => this.#client.get(asked, { signal: this.#abort.signal }));
    if (answer === undefined) return;
    this.#tokenReadsMs.push(performance.now() - startMs);
    const [found] = answer.records;
    const seen = found === undefined ? 0 : this.#valueOf(found.record);
    if (seen !== value) this.wrong.push(`${id} is ${seen} at the token of ${value}`);
  }

  async #read(reader: number): Promise<void> {
    for (let turn = 0; !this.#stop.signal.aborted; turn += 1) {
      const vector = vectorOf(reader, turn);
      const asked = { collection: this.#collection, vector, k: 5 };
      const answer = await this.#asked(`reader ${reader}`, () => this.#client.search(asked, { signal: this.#abort.signal }));
      const ids = answer?.hits.map(({ id }) => id) ?? [];
      if (new Set(ids).size !== ids.length) this.wrong.push(`a search answered an id twice: ${ids.join(' ')}`);
      await delay(pauseMs.reader);
    }
  }

  async #asked<T>(caller: string, ask: () => Promise<T>): Promise<T | undefined> {
    const startMs = performance.now();
    try {
      const answer = await ask();
      this.reads += 1;
      const ms = performance.now() - startMs;
      if (ms > slowMs) this.#slow.push({ caller, ms });
      return answer;
    } catch (thrown) {
      const error = told(thrown);
      this.readErrors.push(`${caller}: ${error.code}: ${error.message}`);
      await delay(50);
      return undefined;
    }
  }
}

const strong: ReadOptions = { consistency: 'strong', token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false };

function told(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof Error && thrown.name === 'AbortError') return new AppError('CANCELLED', 'the load has ended', { cause: thrown });
  throw thrown;
}

function vectorOf(writer: number, turn: number): Float32Array {
  return Float32Array.from({ length: dimension }, (_, i) => Math.sin(writer * 7 + turn * 3 + i) + 0.01);
}
