import type { AppError } from '@proximadb/errors';
import type { AppendCall, Holder } from './append-call.ts';
import { BATCH_BYTES, OutBatch, type Slice } from './out-batch.ts';

/** A batch ends here, so that readers need not take in more than they asked for. A record that is larger is a batch of its own. */
const BATCH_BYTES_MAX = 1024 * 1024;
const BATCH_RECORDS_MAX = 1_000;
/** Epochs are 16 bits, sequence numbers 31 bits; both begin anew long before. */
const EPOCH_MAX = 30_000;
const SEQUENCE_MAX = 2 ** 30;

interface Part {
  readonly call: AppendCall;
  readonly indexes: readonly number[];
  from: number;
}

/**
 * What the last failure of a partition was about: its leader is another broker, or becomes one; too few replicas are in sync; or anything
 * else, such as a broker that cannot be reached.
 */
export type TroubleKind = 'moved' | 'lacks_replicas' | 'other';

/** Since the first failure of a partition, until a send succeeds again. */
export interface Trouble {
  readonly sinceMs: number;
  reason: string;
  kind: TroubleKind;
}

/**
 * What waits for one partition, in the order of the calls, and the one batch of it that is on its way or of unknown fate.
 *
 * A broker takes a (producer, epoch, sequence) once, and answers a second one with the offset of the first. So a pair of epoch and
 * sequence is never used for two different batches: a batch is sent again as it was, and one that is given up ends the epoch, which
 * keeps out what may still be under way of it, too.
 */
export class PartitionQueue implements Holder {
  readonly topic: string;
  readonly partition: number;
  /** Broker; -1: there is none. */
  leader: number;
  trouble: Trouble | undefined;
  /** Until what troubles it was looked into. */
  isSuspended = false;
  isInFlight = false;
  #batch: OutBatch | undefined;
  #parts: Part[] = [];
  #producerId = -1;
  #epoch = 0;
  #sequence = 0;

  constructor(topic: string, partition: number, leader: number) {
    this.topic = topic;
    this.partition = partition;
    this.leader = leader;
  }

  get hasWork(): boolean {
    return this.#batch !== undefined || this.#parts.length > 0;
  }

  get producerId(): number {
    return this.#producerId;
  }

  add(call: AppendCall, indexes: readonly number[]): void {
    this.#parts.push({ call, indexes, from: 0 });
    call.holders.push(this);
  }

  /** The batch to be sent next; undefined: nobody waits any more. @param producerId for a partition that has none yet. */
  nextBatch(producerId: number): OutBatch | undefined {
    if (this.#batch !== undefined) return this.#batch;
    const slices: Slice[] = [];
    let records = 0;
    let bytes = BATCH_BYTES;
    let parts = 0;
    for (const part of this.#parts) {
      const { call, indexes } = part;
      let to = part.from;
      while (to < indexes.length && records < BATCH_RECORDS_MAX) {
        const size = call.sizes[indexes[to] ?? 0] ?? 0;
        if (records > 0 && bytes + size > BATCH_BYTES_MAX) break;
        bytes += size;
        records += 1;
        to += 1;
      }
      if (to > part.from) slices.push({ call, indexes, from: part.from, to });
      part.from = to;
      if (to < indexes.length) break;
      parts += 1;
    }
    if (records === 0) return undefined;
    this.#parts.splice(0, parts);
    if (this.#producerId < 0) this.#beginAs(producerId);
    this.#batch = new OutBatch(slices, records, bytes, { producerId: this.#producerId, epoch: this.#epoch, sequence: this.#sequence });
    return this.#batch;
  }

  written(batch: OutBatch, baseOffset: number): void {
    this.#batch = undefined;
    this.trouble = undefined;
    this.#sequence += batch.records;
    if (this.#sequence > SEQUENCE_MAX) this.#endEpoch();
    batch.written(baseOffset);
  }

  /** The broker does not take the batch, and will not. */
  refused(batch: OutBatch, error: AppError): void {
    this.#batch = undefined;
    this.trouble = undefined;
    this.#endEpoch();
    for (const { call, from, to } of batch.slices) call.refuse(error, to - from);
    for (const call of new Set(batch.slices.map((slice) => slice.call))) this.#drop(call, error);
  }

  /** The broker has lost track of this producer. The batch goes out under another name. */
  restart(producerId: number): void {
    this.#beginAs(producerId);
    this.#batch?.restamp({ producerId, epoch: this.#epoch, sequence: this.#sequence });
  }

  /** What surely did not come in of a batch is left out, too. */
  forget(call: AppendCall): void {
    this.#parts = this.#parts.filter((part) => part.call !== call);
    const batch = this.#batch;
    if (batch === undefined || this.isInFlight || !batch.slices.some((slice) => slice.call === call)) return;
    if (!batch.isUnknown) this.#dissolve(batch);
    else if (batch.isForgotten) {
      this.#batch = undefined;
      this.#endEpoch();
    }
  }

  /** Ends every call that waits here. */
  fail(error: AppError): void {
    const batch = this.#batch;
    const calls = new Set([...batch?.slices.map(({ call }) => call) ?? [], ...this.#parts.map(({ call }) => call)]);
    this.#batch = undefined;
    this.#parts = [];
    this.#endEpoch();
    for (const call of calls) call.fail(error);
  }

  /** Callers of a batch that was in flight may have gone meanwhile. */
  landed(): void {
    this.isInFlight = false;
    for (const { call } of this.#batch?.slices ?? []) if (call.isSettled) this.forget(call);
  }

  #drop(call: AppendCall, error: AppError): void {
    const dropped = this.#parts.filter((part) => part.call === call);
    this.#parts = this.#parts.filter((part) => part.call !== call);
    for (const { indexes, from } of dropped) call.refuse(error, indexes.length - from);
  }

  /** Those who still wait stand in line again, in front. */
  #dissolve(batch: OutBatch): void {
    this.#batch = undefined;
    this.#endEpoch();
    const left = batch.slices.filter(({ call }) => !call.isSettled);
    this.#parts.unshift(...left.map(({ call, indexes, from, to }) => ({ call, indexes: indexes.slice(from, to), from: 0 })));
  }

  #beginAs(producerId: number): void {
    this.#producerId = producerId;
    this.#epoch = 0;
    this.#sequence = 0;
  }

  /** A new producer id is asked for when the epochs are used up. */
  #endEpoch(): void {
    if (this.#epoch >= EPOCH_MAX) this.#beginAs(-1);
    else {
      this.#epoch += 1;
      this.#sequence = 0;
    }
  }
}
