import { AppError } from '@proximadb/errors';
import type { RecordName, RecordSchemas } from '@proximadb/catalog';
import type { Walker } from '@proximadb/record';
import type { Indexers } from './indexers.ts';

/** An indexer says what it reads a moment after a schema came into use. */
const patienceMs = 2_000;
const retryAfterMs = 1_000;

/**
 * The schemas that this gateway writes with: those that all indexers read, at their first use here. A record that an indexer cannot read stops
 * its shard until it is upgraded; so whoever comes with the schema of a newer release waits until the last indexer has that release.
 */
export class AcceptedSchemas {
  readonly #schemas: Pick<RecordSchemas, 'walker' | 'idOf'>;
  readonly #indexers: Indexers;
  readonly #accepted = new Set<number>();
  readonly #waits = new Map<number, Promise<void>>();

  constructor(schemas: Pick<RecordSchemas, 'walker' | 'idOf'>, indexers: Indexers) {
    this.#schemas = schemas;
    this.#indexers = indexers;
  }

  /** @throws AppError as {@link RecordSchemas.walker}; UNAVAILABLE as long as an indexer does not read it. */
  walker(id: number): Walker | Promise<Walker> {
    const walker = this.#schemas.walker(id);
    return this.#accepted.has(id) ? walker : this.#walkerOnceAccepted(id, walker);
  }

  /** The id under which this release writes records of a kind. @throws AppError UNAVAILABLE as long as an indexer does not read it. */
  async idOf(name: RecordName): Promise<number> {
    const id = this.#schemas.idOf(name);
    await this.#accept(id);
    return id;
  }

  async #walkerOnceAccepted(id: number, walker: Walker | Promise<Walker>): Promise<Walker> {
    const found = await walker;
    await this.#accept(id);
    return found;
  }

  /** Who writes with the same one waits together. */
  async #accept(id: number): Promise<void> {
    if (this.#accepted.has(id)) return;
    const wait = this.#waits.get(id) ?? this.#wait(id).finally(() => this.#waits.delete(id));
    this.#waits.set(id, wait);
    await wait;
  }

  async #wait(id: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        unlisten();
        resolve();
      };
      const timer = setTimeout(end, patienceMs);
      const look = (): void => { if (this.#without(id).length === 0) end(); };
      const unlisten = this.#indexers.onChange(look);
      look();
    });
    const without = this.#without(id);
    if (without.length > 0) throw notYet(id, without);
    this.#accepted.add(id);
  }

  /** Indexers that do not read it. */
  #without(id: number): readonly string[] {
    return this.#indexers.list().filter(({ schemas }) => schemas.length > 0 && !schemas.includes(id)).map((indexer) => indexer.id);
  }
}

function notYet(id: number, without: readonly string[]): AppError {
  const some = `${without.slice(0, 3).join(', ')}${without.length > 3 ? ` and ${without.length - 3} more` : ''}`;
  return new AppError('UNAVAILABLE', `records with schema id ${id} are not taken yet, since ${some} cannot read them: `
    + 'indexers of an older release are to be upgraded first; nothing was written', { retryAfterMs });
}
