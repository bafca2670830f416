/** Records one by one, sent in batches: several under way, in bounded memory. */
import { AppError, toAppError } from '@proximadb/errors';
import type { Condition } from '@proximadb/schemas';
import { newRequestId, type OneCall } from '@proximadb/transport/retries';
import { sendBatch } from './batch.ts';
import { conditionOf } from './conditions.ts';
import type { Metadata } from './metadata.ts';
import type { RecordInput } from './records.ts';
import type { Encoded, Encoder, Wire } from './wire.ts';

export interface WriterOptions extends OneCall {
  /** Records of a request, at most. Default 500. */
  readonly batchRecords?: number;
  /** Encoded bytes of a request, at most, unless one record has more. Default 4 MiB. */
  readonly batchBytes?: number;
  /** Requests under way. Default 4. */
  readonly concurrency?: number;
  /** A batch that is not full is sent after so long. Default 100. */
  readonly lingerMs?: number;
  /** Told after each request, with what was written and refused so far. */
  readonly onProgress?: (report: WriteReport) => void;
}

export interface RefusedInput {
  /** Its place among the records that were added, from 0 on. */
  readonly index: number;
  readonly id: string;
  readonly field?: string;
  /** exists, missing, version_mismatch, or a sentence. */
  readonly reason: string;
}

export interface WriteReport {
  /** Acknowledged: they are on disk. */
  readonly written: number;
  readonly refused: readonly RefusedInput[];
  /** Requests that were answered. */
  readonly batches: number;
}

interface Row {
  readonly index: number;
  readonly id: string;
  readonly record: Encoded;
  readonly condition: Condition;
}

class Batch {
  readonly rows: Row[] = [];
  readonly ids = new Set<string>();
  bytes = 0;

  add(row: Row): void {
    this.rows.push(row);
    this.ids.add(row.id);
    this.bytes += row.record.length;
  }
}

interface Written {
  readonly wire: Wire;
  readonly collection: string;
  readonly onToken: (token: string) => void;
}

/**
 * Adding waits while `concurrency` requests are under way and the next one is full. An id that comes again is sent after the request that
 * had it before was answered: the later one wins. The first request that fails for good ends the writer; what is under way is finished.
 */
export class Writer<M = Metadata> implements AsyncDisposable {
  readonly #target: Written;
  readonly #options: WriterOptions;
  readonly #batchRecords: number;
  readonly #batchBytes: number;
  readonly #underWay = new Map<Batch, Promise<void>>();
  readonly #refused: RefusedInput[] = [];
  #encoder: Encoder | undefined;
  #batch = new Batch();
  /** Settles when the last full batch is under way. */
  #busy: Promise<void> | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;
  #failure: AppError | undefined;
  #ended = false;
  #added = 0;
  #written = 0;
  #batches = 0;

  constructor(target: Written, options: WriterOptions = {}) {
    this.#target = target;
    this.#options = options;
    this.#batchRecords = Math.max(1, options.batchRecords ?? 500);
    this.#batchBytes = options.batchBytes ?? 4 << 20;
  }

  get report(): WriteReport {
    return { written: this.#written, refused: [...this.#refused].sort((a, b) => a.index - b.index), batches: this.#batches };
  }

  /**
   * Resolves when there is room for the next one. A record that cannot be encoded is refused, as one that the server refuses.
   * @throws ProximaError of a request that failed before; FAILED_PRECONDITION after the end.
   */
  async add(record: RecordInput<M>): Promise<void> {
    if (this.#ended) throw new AppError('FAILED_PRECONDITION', 'the writer has ended');
    this.#encoder ??= await this.#target.wire.encoder(this.#options);
    await this.#room();
    const row = this.#encode(this.#encoder, record);
    if (row === undefined) return;
    const { rows, ids, bytes } = this.#batch;
    if (rows.length > 0 && (ids.has(row.id) || bytes + row.record.length > this.#batchBytes)) await this.#submit();
    this.#batch.add(row);
    if (this.#batch.rows.length >= this.#batchRecords || this.#batch.bytes >= this.#batchBytes) await this.#submit();
    else this.#linger ??= setTimeout(() => { void this.#submit().catch(() => undefined); }, this.#options.lingerMs ?? 100);
  }

  /** Resolves when all that was added is acknowledged. @throws ProximaError of a request that failed. */
  async flush(): Promise<void> {
    await this.#room();
    await this.#submit();
    while (this.#underWay.size > 0) await Promise.all(this.#underWay.values());
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Flushes; nothing can be added any more. */
  async end(): Promise<WriteReport> {
    this.#ended = true;
    await this.flush();
    return this.report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #room(): Promise<void> {
    while (this.#busy !== undefined) await this.#busy;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Sends what was collected, once it is its turn. */
  #submit(): Promise<void> {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    const batch = this.#batch;
    if (batch.rows.length === 0) return Promise.resolve();
    this.#batch = new Batch();
    const before = this.#busy ?? Promise.resolve();
    const busy = before.then(() => this.#start(batch)).finally(() => { if (this.#busy === busy) this.#busy = undefined; });
    this.#busy = busy;
    return busy;
  }

  async #start(batch: Batch): Promise<void> {
    const hasAny = (other: Batch): boolean => batch.rows.some(({ id }) => other.ids.has(id));
    while (this.#underWay.size >= (this.#options.concurrency ?? 4) || [...this.#underWay.keys()].some(hasAny)) {
      await Promise.race(this.#underWay.values());
    }
    if (this.#failure !== undefined) throw this.#failure;
    this.#underWay.set(batch, this.#send(batch).finally(() => { this.#underWay.delete(batch); }));
  }

  /** Never rejects: what fails is told to who adds next. */
  async #send({ rows }: Batch): Promise<void> {
    try {
      const refused = await sendBatch(rows, newRequestId(), (part, requestId) => this.#request(part, requestId));
      this.#refused.push(...refused.map(({ row: { index, id }, ...why }) => ({ index, id, ...why })));
      this.#written += rows.length - refused.length;
      this.#batches += 1;
      this.#options.onProgress?.(this.report);
    } catch (thrown) {
      this.#failure ??= toAppError(thrown);
    }
  }

  async #request(rows: readonly Row[], requestId: string) {
    const { wire, collection, onToken } = this.#target;
    const conditions = rows.some(({ condition }) => condition.condition !== null) ? rows.map(({ condition }) => condition) : [];
    const { token, refused } = await wire.call('upsert', { collection, records: rows.map(({ record }) => record), conditions, requestId }, this.#options);
    onToken(token);
    return refused;
  }

  #encode(encoder: Encoder, record: RecordInput<M>): Row | undefined {
    const index = this.#added++;
    try {
      return { index, id: record.id, record: encoder.record(record), condition: conditionOf(record) };
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== 'INVALID_ARGUMENT') throw thrown;
      this.#refused.push({ index, id: record.id, ...thrown.details[0] ?? { reason: thrown.message } });
      return undefined;
    }
  }
}
