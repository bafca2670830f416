/** For tests: a shard that keeps its records in plain maps. It reads the real log, and decides as every shard has to. */
import type { AppError} from '@proximadb/errors';
import { assert } from '@proximadb/errors';
import type { Catalog, Collection } from '@proximadb/catalog';
import { crc32c, crcHeaderName, decodeCrc, offset, partition, writeHeaderName, type Log, type LogRecord } from '@proximadb/log';
import { splicePatch, wireSchemaId, type RecordView } from '@proximadb/record';
import { decodeAvro, type WriteHeader } from '@proximadb/schemas';
import type { Outcome, Outcomes, OutcomesWanted, PartitionOutcomes } from '../outcomes.ts';
import type { Progress } from '../progress.ts';
import type { Reader, ReaderAnswer, ReaderPage } from '../reader.ts';

interface Stored {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

interface Partition {
  next: number;
  readonly rows: Map<string, Stored>;
  /** By request id, then by sequence. */
  readonly requests: Map<string, Outcome[]>;
}

export class MemoryShards implements Outcomes, Progress, Reader {
  readonly #log: Pick<Log, 'read' | 'extents'>;
  readonly #catalog: Pick<Catalog, 'byLog' | 'schemas'>;
  readonly #partitions = new Map<string, Partition>();
  /** How often a gateway asked. */
  asked = 0;
  /** Which records a delete by filter finds. */
  matches: (view: RecordView) => boolean = () => true;
  /** Partitions that do not serve. */
  readonly states = new Map<number, 'replaying' | 'stopped'>();
  /** Set by tests that need a late or dead shard. */
  failure: AppError | undefined;

  constructor(log: Pick<Log, 'read' | 'extents'>, catalog: Pick<Catalog, 'byLog' | 'schemas'>) {
    this.#log = log;
    this.#catalog = catalog;
  }

  async outcomes(log: number, requestId: string, wanted: readonly OutcomesWanted[]): Promise<readonly PartitionOutcomes[]> {
    this.asked++;
    if (this.failure !== undefined) throw this.failure;
    return Promise.all(wanted.map(async ({ partition: number, through, count }) => {
      const { requests } = await this.#apply(log, number, through);
      const outcomes = requests.get(requestId) ?? [];
      assert(outcomes.length === count, `partition ${number} has ${outcomes.length} outcomes of ${count}`);
      return { partition: number, outcomes };
    }));
  }

  async scroll(collection: Collection, { cursor, atLeast, limit }: ReaderPage): Promise<ReaderAnswer> {
    if (this.failure !== undefined) throw this.failure;
    const partitions = await Promise.all(atLeast.map((through, number) => this.#apply(collection.log, number, through)));
    const after = cursor === null ? '' : Buffer.from(cursor, 'hex').toString();
    const rows = partitions.flatMap(({ rows: stored }) => [...stored])
      .filter(([id, { bytes }]) => id > after && this.matches(this.#view(bytes)))
      .map(([id, { offset: at }]) => ({ id, offset: at }))
      .sort((left, right) => (left.id < right.id ? -1 : 1));
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      rows: page, offsets: partitions.map(({ next }) => next),
      cursor: last !== undefined && rows.length > page.length ? Buffer.from(last.id).toString('hex') : null,
    };
  }

  async report(log: number): ReturnType<Progress['report']> {
    if (this.failure !== undefined) throw this.failure;
    return Array.from({ length: this.#collection(log).settings.partitions }, (_, number) => ({
      partition: number, state: this.states.get(number) ?? 'serving', watermark: this.#partitions.get(`${log}-${number}`)?.next ?? 0,
    }));
  }

  /** The records of a collection, by id, up to the log's end. */
  async records(log: number): Promise<Map<string, Stored>> {
    const ends = await this.#log.extents(this.#collection(log).topic);
    const partitions = await Promise.all(ends.map(({ end }, number) => this.#apply(log, number, end)));
    return new Map(partitions.flatMap(({ rows }) => [...rows]));
  }

  async #apply(log: number, number: number, through: number): Promise<Partition> {
    const name = `${log}-${number}`;
    const state = this.#partitions.get(name) ?? { next: 0, rows: new Map<string, Stored>(), requests: new Map<string, Outcome[]>() };
    this.#partitions.set(name, state);
    while (state.next < through) {
      const { records } = await this.#log.read(this.#collection(log).topic, partition(number), offset(state.next), 1 << 20);
      for (const record of records) {
        // Another caller may have been here meanwhile.
        if (record.offset !== state.next) continue;
        this.#applyRecord(log, state, record);
        state.next = record.offset + 1;
      }
    }
    return state;
  }

  #applyRecord(log: number, state: Partition, record: LogRecord): void {
    const crc = record.headers[crcHeaderName];
    const written = record.headers[writeHeaderName];
    assert(record.value !== null && crc !== undefined && written !== undefined, 'the gateway writes values with both headers');
    assert(decodeCrc(crc) === crc32c(record.value), 'the checksum is that of the value');
    const header = decodeAvro('WriteHeader', written);
    const outcomes = state.requests.get(header.request_id) ?? [];
    state.requests.set(header.request_id, outcomes);
    // A repeated record changes nothing, and has the first one's outcome.
    if (outcomes[header.sequence] !== undefined) return;
    outcomes[header.sequence] = this.#decide(log, state, record.value, header.condition, record.offset);
  }

  #decide(log: number, { rows }: Partition, value: Uint8Array, condition: WriteHeader['condition'], at: number): Outcome {
    const view = this.#view(value);
    const base = rows.get(view.id);
    const refused = (reason: string): Outcome => ({ kind: 'refused', offset: at, reason });
    if (condition !== null) {
      if ('proximadb.v1.IfAbsent' in condition && base !== undefined) return refused('exists');
      if ('proximadb.v1.IfPresent' in condition && base === undefined) return refused('missing');
      if ('proximadb.v1.IfVersion' in condition) {
        const wanted = condition['proximadb.v1.IfVersion'];
        if (base === undefined) return refused('missing');
        if (wanted.log !== log || wanted.offset !== base.offset) return refused('version_mismatch');
      }
    }
    const walker = this.#walker(value);
    if (walker.kind === 'upsert') rows.set(view.id, { offset: at, bytes: value });
    else if (walker.kind === 'delete') rows.delete(view.id);
    else if (base === undefined) return refused('missing');
    else rows.set(view.id, { offset: at, bytes: splicePatch(base.bytes, this.#walker(base.bytes), view, this.#limits(log)) });
    return { kind: 'applied', offset: at };
  }

  #view(bytes: Uint8Array): RecordView {
    return this.#walker(bytes).view(bytes);
  }

  #walker(bytes: Uint8Array) {
    const walker = this.#catalog.schemas.walker(wireSchemaId(bytes));
    assert(!(walker instanceof Promise), 'what is in the log has a known schema');
    return walker;
  }

  #collection(log: number): Collection {
    const collection = this.#catalog.byLog(log);
    assert(collection !== undefined, `there is a collection with log ${log}`);
    return collection;
  }

  #limits(log: number) {
    const { dimension, metric, record_bytes_max: recordBytesMax } = this.#collection(log).settings;
    return { dimension, metric, recordBytesMax };
  }
}
