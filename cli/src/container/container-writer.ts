/** Writes Avro object container files of datums that are bytes already. */
import { createHash } from 'node:crypto';
import { magic } from './container-reader.ts';

const blockBytes = 64 * 1024;

/** Codec null; blocks of about 64 KiB. The sync marker is a function of the schema, so that equal content makes equal files. */
export class ContainerWriter {
  readonly #sink: (bytes: Uint8Array) => Promise<void>;
  readonly #sync: Buffer;
  readonly #header: Buffer;
  #started = false;
  #block: Uint8Array[] = [];
  #blockBytes = 0;

  /** @param metadata further entries of the file's header. */
  constructor(schema: string, metadata: Readonly<Record<string, string>>, sink: (bytes: Uint8Array) => Promise<void>) {
    this.#sink = sink;
    this.#sync = createHash('md5').update(schema).digest();
    const entries = Object.entries({ 'avro.schema': schema, 'avro.codec': 'null', ...metadata });
    this.#header = Buffer.concat([magic, zigzag(entries.length), ...entries.flat().flatMap(sized), zigzag(0), this.#sync]);
  }

  /** @param datum must not change until the next `add` or `end` has settled. */
  async add(datum: Uint8Array): Promise<void> {
    this.#block.push(datum);
    this.#blockBytes += datum.length;
    if (this.#blockBytes >= blockBytes) await this.#flush();
  }

  async end(): Promise<void> {
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const parts: Uint8Array[] = this.#started ? [] : [this.#header];
    this.#started = true;
    if (this.#block.length > 0) parts.push(zigzag(this.#block.length), zigzag(this.#blockBytes), ...this.#block, this.#sync);
    this.#block = [];
    this.#blockBytes = 0;
    if (parts.length > 0) await this.#sink(Buffer.concat(parts));
  }
}

function sized(text: string): Uint8Array[] {
  const bytes = Buffer.from(text);
  return [zigzag(bytes.length), bytes];
}

/** Of a count, which is not negative. */
function zigzag(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value * 2;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
