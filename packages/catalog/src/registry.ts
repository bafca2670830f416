import { AppError, assert, invalid } from '@proximadb/errors';
import { offset, partition, type Log } from '@proximadb/log';
import avsc from 'avsc';

/** The schema registry port: gives schemas the ids that records carry. `contract.ts` is the suite that every adapter passes. */
export interface SchemaRegistry {
  /**
   * Gives a schema an id, or finds the one it has: a whole number from 1 on, the same for the same text for ever.
   * @param subject - what the schema is a version of, such as `proximadb-VectorRecord`
   * @param schemaText - the canonical text; other white space may be another id
   * @throws AppError INVALID_ARGUMENT if the text is not an Avro schema or the registry refuses it; UNAVAILABLE if nobody answers.
   */
  register(subject: string, schemaText: string): Promise<number>;
  /**
   * The text registered under an id, asked of the registry itself and no cache; undefined if it knows none.
   * @throws AppError UNAVAILABLE if nobody answers.
   */
  byId(id: number): Promise<string | undefined>;
}

/** The subject of a stored schema of ours. */
export function schemaSubject(name: string): string {
  return `proximadb-${name}`;
}

export const registryTopic = 'proximadb-schemas';

/** Largest text that a registry of ours takes, and that is read from another one. */
export const schemaBytesMax = 256 * 1024;

/**
 * The registry of a standalone installation: a topic beside the others, one entry a schema, ids counted in the log's order.
 * Several may work on one log at once; the one that is first decides.
 */
export class EmbeddedRegistry implements SchemaRegistry {
  readonly #log: Log;
  readonly #schemasMax: number;
  /** The text of id n is at n − 1. */
  readonly #texts: string[] = [];
  readonly #ids = new Map<string, number>();
  #next = offset(0);
  #reading: Promise<void> = Promise.resolve();

  /** @param options - schemasMax: schemas it takes, default 10,000 */
  static async open(log: Log, options: { readonly schemasMax?: number } = {}): Promise<EmbeddedRegistry> {
    await log.createTopic(registryTopic, 1);
    const registry = new EmbeddedRegistry(log, options.schemasMax ?? 10_000);
    await registry.#catchUp();
    return registry;
  }

  private constructor(log: Log, schemasMax: number) {
    this.#log = log;
    this.#schemasMax = schemasMax;
  }

  async register(subject: string, schemaText: string): Promise<number> {
    checkSchema(subject, schemaText);
    const known = this.#ids.get(schemaText);
    if (known !== undefined) return known;
    if (this.#texts.length >= this.#schemasMax) {
      throw new AppError('RESOURCE_EXHAUSTED', `the schema registry is full: it holds ${this.#schemasMax} schemas`, { retryAfterMs: 60_000 });
    }
    await this.#log.append(registryTopic, [{ partition: partition(0), key: Buffer.from(subject), value: Buffer.from(schemaText), headers: {} }]);
    await this.#catchUp();
    const id = this.#ids.get(schemaText);
    assert(id !== undefined, 'what was appended is read back');
    return id;
  }

  async byId(id: number): Promise<string | undefined> {
    if (id > this.#texts.length) await this.#catchUp();
    return this.#texts[id - 1];
  }

  /** Reads to the end, one reader at a time. */
  async #catchUp(): Promise<void> {
    const reading = this.#reading.then(() => this.#read());
    this.#reading = reading.catch(() => undefined);
    await reading;
  }

  async #read(): Promise<void> {
    const [extent] = await this.#log.extents(registryTopic);
    const end = extent?.end ?? 0;
    while (this.#next < end) {
      const { records, next } = await this.#log.read(registryTopic, partition(0), this.#next, 1024 * 1024);
      for (const record of records) if (record.value !== null) this.#take(Buffer.from(record.value).toString());
      assert(next > this.#next, 'a read before the end moves on');
      this.#next = next;
    }
  }

  /** A text that two wrote at once has the id of the first. */
  #take(text: string): void {
    if (this.#ids.has(text)) return;
    this.#texts.push(text);
    this.#ids.set(text, this.#texts.length);
  }
}

/** @throws AppError INVALID_ARGUMENT for what no registry need be asked. */
export function checkSchema(subject: string, text: string): void {
  if (subject === '' || Buffer.byteLength(subject) > 256) throw invalid('must have 1 to 256 bytes', { field: 'subject' });
  if (Buffer.byteLength(text) > schemaBytesMax) throw invalid(`is larger than ${schemaBytesMax} bytes`, { field: 'schema' });
  try {
    avsc.Type.forSchema(JSON.parse(text) as avsc.Schema, { wrapUnions: true });
  } catch (cause) {
    throw invalid(`is not an Avro schema: ${cause instanceof Error ? cause.message : String(cause)}`, { field: 'schema' });
  }
}
