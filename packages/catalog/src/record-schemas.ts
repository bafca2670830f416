import { AppError, assert, invalid } from '@proximadb/errors';
import { compileWalker, type Walker } from '@proximadb/record';
import { schemaText } from '@proximadb/schemas';
import { textFingerprint, type SchemaUsed } from './events.ts';
import type { Journal } from './journal.ts';
import { contradiction, RegistryWatch, type RegistryState } from './registry-watch.ts';
import { schemaBytesMax, schemaSubject, type SchemaRegistry } from './registry.ts';
import { sameSchema } from './same-schema.ts';

/** The schemas in which records are written. */
export type RecordName = 'VectorRecord' | 'PatchRecord' | 'DeleteRecord';
const recordNames: readonly RecordName[] = ['VectorRecord', 'PatchRecord', 'DeleteRecord'];

/** How often one of our own schemas is registered at open before that fails. A registry that nobody runs says so within a second. */
const ownAttemptsMax = 6;

export interface RecordSchemasOptions {
  /** Schema ids that are accepted in all; those that the catalog names already always are. */
  readonly acceptedMax: number;
  /** How long an id is refused without asking the registry again. */
  readonly refusedForMs: number;
  readonly refusedMax: number;
  /** Ids looked up at once. */
  readonly lookupsMax: number;
  /** Monotonic, in ms. */
  readonly monotonicClock: () => number;
  /** Pause between two comparisons with the registry, ms. */
  readonly compareEveryMs: number;
  /** Hears whether the registry agrees with the catalog: at open, and when it changes. Must not throw. */
  readonly onRegistry: (state: RegistryState) => void;
  /** Called once with what only a mistake of ours throws in the background. */
  readonly onBug: (error: Error) => void;
}

/**
 * Which schema ids records may carry, and how each is read. The catalog's log has the last word: what it says an id means,
 * it means for ever, whatever becomes of the registry.
 */
export class RecordSchemas implements AsyncDisposable {
  readonly #journal: Journal;
  readonly #registry: SchemaRegistry;
  readonly #watch: RegistryWatch;
  readonly #options: RecordSchemasOptions;
  readonly #ownIds = new Map<RecordName, number>();
  readonly #walkers = new Map<number, Walker>();
  readonly #lookups = new Map<number, Promise<Walker>>();
  /** The oldest first. */
  readonly #refused = new Map<number, { readonly untilMs: number; readonly error: AppError }>();

  /**
   * Registers our own schemas, checks that registry and catalog agree, and from then on does so again and again. A registry that does not
   * answer is needed only if the catalog does not know our own schemas yet.
   * @throws AppError DATA_LOSS, for an operator, if the registry lost an id that is in use, or gives another schema for it.
   */
  static async open(journal: Journal, registry: SchemaRegistry, options: RecordSchemasOptions): Promise<RecordSchemas> {
    const schemas = new RecordSchemas(journal, registry, options);
    try {
      const state = await schemas.#watch.compare();
      if (state.kind === 'disagrees') throw state.error;
      for (const name of recordNames) schemas.#ownIds.set(name, await schemas.#ownId(name));
      schemas.#watch.start();
      return schemas;
    } catch (error) {
      await schemas[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(journal: Journal, registry: SchemaRegistry, options: RecordSchemasOptions) {
    this.#journal = journal;
    this.#registry = registry;
    this.#options = options;
    this.#watch = new RegistryWatch({
      registry, used: () => journal.state.schemas(), subjectOf, everyMs: options.compareEveryMs, onState: options.onRegistry, onBug: options.onBug,
    });
  }

  /** Whether the registry agrees with the catalog, as of the last comparison. */
  get registryState(): RegistryState {
    return this.#watch.state;
  }

  /** The id under which this release writes records of a kind. */
  idOf(name: RecordName): number {
    const id = this.#ownIds.get(name);
    assert(id !== undefined, `${name} was registered at open`);
    return id;
  }

  /** The schema behind an id that is in use. @throws AppError INVALID_ARGUMENT for any other. */
  text(schemaId: number): string {
    const used = this.#journal.state.schema(schemaId);
    if (used === undefined) throw unknownId(schemaId);
    return used.schema;
  }

  /**
   * How records with this schema id are read; at once if the id is in use, else after asking the registry. An id's first use is
   * in the catalog's log before its walker is handed out.
   * @throws AppError INVALID_ARGUMENT for an unknown id or one that is no record of ours; FAILED_PRECONDITION if only a newer
   *   release can read it; UNAVAILABLE if the registry has to be asked and does not answer; RESOURCE_EXHAUSTED past the limits.
   */
  walker(schemaId: number): Walker | Promise<Walker> {
    return this.#walkers.get(schemaId) ?? this.#known(schemaId) ?? this.#lookUpOnce(schemaId);
  }

  /** The text of a schema that records may have, after asking as {@link walker} does; null: it is not an accepted one. */
  async acceptedText(schemaId: number): Promise<string | null> {
    try {
      await this.walker(schemaId);
      return this.text(schemaId);
    } catch (error) {
      if (error instanceof AppError && error.code === 'INVALID_ARGUMENT') return null;
      throw error;
    }
  }

  /**
   * Tells the listener which ids in use this release reads the records of, in the order of their use: at once, and whenever there is another
   * one. It must not throw.
   * @returns ends it
   */
  onReadable(listener: (ids: readonly number[]) => void): () => void {
    const ids = [...this.#journal.state.schemas()].filter((used) => this.#isReadable(used)).map(({ id }) => id);
    listener([...ids]);
    return this.#journal.onSchema((used) => {
      if (!this.#isReadable(used)) return;
      ids.push(used.id);
      listener([...ids]);
    });
  }

  /** Ids in use whose records only a newer release reads. */
  get unreadable(): readonly number[] {
    return [...this.#journal.state.schemas()].filter((used) => !this.#isReadable(used)).map(({ id }) => id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch[Symbol.asyncDispose]();
  }

  #isReadable({ id }: SchemaUsed): boolean {
    if (this.#walkers.has(id)) return true;
    try {
      return this.#known(id) !== undefined;
    } catch {
      return false;
    }
  }

  #known(id: number): Walker | undefined {
    const used = this.#journal.state.schema(id);
    if (used === undefined) return undefined;
    try {
      const walker = compileWalker(used.schema);
      this.#walkers.set(id, walker);
      this.#refused.delete(id);
      return walker;
    } catch (cause) {
      throw new AppError('FAILED_PRECONDITION', `schema id ${id} is in use and needs a newer release of the database: upgrade this process`, { cause });
    }
  }

  #lookUpOnce(id: number): Promise<Walker> {
    const refused = this.#refused.get(id);
    if (refused !== undefined && refused.untilMs > this.#options.monotonicClock()) throw refused.error;
    let lookup = this.#lookups.get(id);
    if (lookup === undefined) {
      if (this.#lookups.size >= this.#options.lookupsMax) {
        throw new AppError('RESOURCE_EXHAUSTED', 'too many unknown schema ids are being looked up', { retryAfterMs: 1_000 });
      }
      lookup = this.#lookUp(id).finally(() => this.#lookups.delete(id));
      this.#lookups.set(id, lookup);
    }
    return lookup;
  }

  async #lookUp(id: number): Promise<Walker> {
    await this.#journal.catchUp();
    const known = this.#known(id);
    if (known !== undefined) return known;
    try {
      // Ids are Avro ints in the catalog, and start at 1.
      const text = id >= 1 && id <= 0x7fff_ffff ? await this.#watch.text(id) : undefined;
      if (text === undefined) throw unknownId(id);
      checkRecordSchema(id, text);
      await this.#use(id, canonical(text));
    } catch (error) {
      if (error instanceof AppError && error.code === 'INVALID_ARGUMENT') this.#refuse(id, error);
      throw error;
    }
    const walker = this.#known(id);
    assert(walker !== undefined, 'a schema in use is known');
    return walker;
  }

  #refuse(id: number, error: AppError): void {
    this.#refused.delete(id);
    this.#refused.set(id, { untilMs: this.#options.monotonicClock() + this.#options.refusedForMs, error });
    if (this.#refused.size <= this.#options.refusedMax) return;
    for (const oldest of this.#refused.keys()) {
      this.#refused.delete(oldest);
      return;
    }
  }

  /** Has the catalog say what an id means. @throws AppError DATA_LOSS if it means something else already. */
  async #use(id: number, schema: string): Promise<void> {
    if (this.#journal.state.schemaCount >= this.#options.acceptedMax) {
      throw new AppError('RESOURCE_EXHAUSTED', `records use ${this.#options.acceptedMax} schemas already, no more are accepted`, { retryAfterMs: 60_000 });
    }
    const outcome = await this.#journal.append({ kind: 'schema_used', id, fingerprint: textFingerprint(schema), schema });
    if (outcome.kind === 'applied') return;
    // Another process may have got it in another form.
    const used = this.#journal.state.schema(id);
    if (used === undefined || !sameSchema(used.schema, schema)) throw contradiction(id);
  }

  /** The catalog's, or else the registry's, which then becomes the catalog's. */
  async #ownId(name: RecordName): Promise<number> {
    const text = schemaText(name);
    const used = this.#usedAs(text);
    if (used !== undefined) return used.id;
    if (this.registryState.kind !== 'agrees') throw this.registryState.error;
    const id = await this.#register(schemaSubject(name), text);
    await this.#use(id, text);
    // Another process, or another registry before, may have been first: all take the same one.
    return this.#usedAs(text)?.id ?? id;
  }

  /** A registry that was started together with us may be slow with its first answers: none within its time are asked for anew. */
  async #register(subject: string, text: string): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#registry.register(subject, text);
      } catch (thrown) {
        if (attempt === ownAttemptsMax || !(thrown instanceof AppError && thrown.code === 'UNAVAILABLE')) throw thrown;
      }
    }
  }

  #usedAs(text: string): SchemaUsed | undefined {
    for (const used of this.#journal.state.schemas()) if (used.schema === text) return used;
    return undefined;
  }
}

function checkRecordSchema(id: number, text: string): void {
  if (Buffer.byteLength(text) > schemaBytesMax) throw invalid(`schema id ${id} is larger than ${schemaBytesMax} bytes`);
  try {
    compileWalker(text);
  } catch (cause) {
    throw invalid(`schema id ${id} is not accepted: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** Ours, if it is one of ours. */
function canonical(text: string): string {
  return recordNames.map(schemaText).find((own) => sameSchema(own, text)) ?? text;
}

/** Of a schema in use, which is a record of ours in some release or a client's version of one. */
function subjectOf(text: string): string | undefined {
  const { name } = JSON.parse(text) as { readonly name: string };
  const own = recordNames.find((one) => one === name.slice(name.lastIndexOf('.') + 1));
  return own === undefined ? undefined : schemaSubject(own);
}

function unknownId(id: number): AppError {
  return invalid(`unknown schema id ${id}`);
}
