import { crcHeaderName, writeHeaderName, type Headers } from '@proximadb/log';

/** A write's condition, as it stands in the header. */
export type WriteCondition =
  | { readonly kind: 'none' }
  | { readonly kind: 'if_absent' }
  | { readonly kind: 'if_present' }
  | { readonly kind: 'if_version'; readonly log: number; readonly offset: number };

const crcBytes = 4;
/** Of an int in Avro. */
const sequenceBytesMax = 5;

/**
 * Writes the headers of one request's log records into one buffer: what `avroType('WriteHeader')` would write, without an object or an
 * allocation a record. Only sequence, condition and checksum differ between the records.
 */
export class WriteHeaders {
  readonly #prefix: Uint8Array;
  readonly #conditions: readonly Uint8Array[];
  readonly #slab: Uint8Array;
  #at = 0;

  /**
   * @param requestId well-formed text.
   * @param records how many headers will be asked for.
   * @param conditions one for all records, or one a record.
   */
  constructor(requestId: string, records: number, conditions: readonly WriteCondition[]) {
    const text = new TextEncoder().encode(requestId);
    this.#prefix = Uint8Array.from([...varint(text.length), ...text]);
    this.#conditions = conditions.map(conditionBytes);
    const longest = this.#conditions.reduce((length, bytes) => Math.max(length, bytes.length), 0);
    this.#slab = new Uint8Array(records * (this.#prefix.length + sequenceBytesMax + longest + crcBytes));
  }

  /**
   * @param record position in the request; chooses the condition.
   * @param sequence position among the request's records in their partition.
   * @param crc CRC32C of the record's value.
   */
  next(record: number, sequence: number, crc: number): Headers {
    const slab = this.#slab;
    const start = this.#at;
    slab.set(this.#prefix, start);
    let at = start + this.#prefix.length;
    let rest = sequence * 2;
    while (rest >= 0x80) {
      slab[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    slab[at++] = rest;
    const condition = this.#conditions[this.#conditions.length === 1 ? 0 : record] ?? none;
    slab.set(condition, at);
    at += condition.length;
    const end = at;
    slab[at++] = crc >>> 24;
    slab[at++] = crc >>> 16;
    slab[at++] = crc >>> 8;
    slab[at++] = crc;
    this.#at = at;
    return { [writeHeaderName]: slab.subarray(start, end), [crcHeaderName]: slab.subarray(end, at) };
  }
}

const none = Uint8Array.of(0);

/** The union's branch (null, IfAbsent, IfPresent, IfVersion) and what is in it. */
function conditionBytes(condition: WriteCondition): Uint8Array {
  switch (condition.kind) {
    case 'none': return none;
    case 'if_absent': return Uint8Array.of(2);
    case 'if_present': return Uint8Array.of(4);
    case 'if_version': return Uint8Array.from([6, ...varint(condition.log), ...varint(condition.offset)]);
  }
}

/** Avro's int and long, for whole numbers from 0 to the greatest safe one: zigzag, then 7 bits a byte, lowest first. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value) * 2n;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}
