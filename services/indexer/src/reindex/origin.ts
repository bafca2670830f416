/**
 * Where a copied record comes from, and what a shard remembers of it: whatever a log doubles, delays or takes from a copier that was
 * overtaken changes nothing.
 */
import { invalid } from '@proximadb/errors';
import { avroType, type Origin, type OriginStream } from '@proximadb/schemas';

/** An Avro Origin without a wire header, beside a copied record. */
export const originHeaderName = 'proximadb-origin';

export function encodeOrigin(origin: Origin): Uint8Array {
  return avroType('Origin').toBuffer(origin);
}

/** @throws AppError INVALID_ARGUMENT if it is malformed. */
export function parseOrigin(bytes: Uint8Array): Origin {
  try {
    return avroType('Origin').fromBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) as Origin;
  } catch {
    throw invalid('a malformed origin header');
  }
}

/** One stream a partition of the old generation; part of the shard's state, and decided by its log alone. */
export class OriginStreams {
  readonly #streams = new Map<number, OriginStream>();

  constructor(streams: readonly OriginStream[] = []) {
    for (const stream of streams) this.#streams.set(stream.partition, stream);
  }

  all(): readonly OriginStream[] {
    return [...this.#streams.values()];
  }

  /** Whether a record is the next of its stream. Else it is ignored: of an overtaken copier, or a repetition. */
  advance({ partition, epoch, sequence }: Origin): boolean {
    const last = this.#streams.get(partition);
    if (last !== undefined && (epoch < last.epoch || (epoch === last.epoch && sequence <= last.sequence))) return false;
    this.#streams.set(partition, { partition, epoch, sequence });
    return true;
  }
}
