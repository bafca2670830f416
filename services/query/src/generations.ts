/** Which generation of a collection answers a read: a reindex may have put another one in the place of the one that is known here. */
import type { Catalog, Collection } from '@proximadb/catalog';
import { catalogTopic } from '@proximadb/catalog';
import { type CallContext, within } from '@proximadb/process';
import type { ReadOptions } from '@proximadb/schemas';
import { callOf } from './call.ts';
import { levelOf } from './consistency.ts';
import type { Probes } from './probes.ts';
import { logOfCursor, logOfToken } from './tokens.ts';

export interface ReadOf {
  readonly collection: string;
  readonly read: ReadOptions | null;
  readonly cursor?: string | null;
}

export class Generations {
  readonly #catalog: Pick<Catalog, 'lookUp' | 'passed' | 'reindexing'>;
  readonly #probes: Probes;
  readonly #timeoutMsMax: number;

  constructor(catalog: Pick<Catalog, 'lookUp' | 'passed' | 'reindexing'>, probes: Probes, timeoutMsMax: number) {
    this.#catalog = catalog;
    this.#probes = probes;
    this.#timeoutMsMax = timeoutMsMax;
  }

  /**
   * The generation that has the name. A read that has to see all that was acknowledged before it asks the catalog's log first, and one
   * whose token names a log that is not known here does so, too.
   * @throws AppError NOT_FOUND; DEADLINE_EXCEEDED or UNAVAILABLE if the catalog's log does not say where it ends and has to.
   */
  async of({ collection: name, read, cursor = null }: ReadOf, context: CallContext): Promise<Collection> {
    const level = levelOf(read);
    if (level.kind === 'strong') await this.#catchUp(this.#probes.fresh(catalogTopic), read, context);
    else if (level.kind === 'bounded') await this.#catchUp(this.#probes.recent(catalogTopic, level.maxStalenessMs), read, context);
    const collection = await this.#catalog.lookUp(name, context.signal);
    const logs = [logOfToken(read?.token ?? null), logOfCursor(cursor)];
    if (logs.every((log) => log === null || log === collection.log || this.replaced(collection, log))) return collection;
    await this.#catchUp(this.#probes.fresh(catalogTopic), read, context);
    return this.#catalog.lookUp(name, context.signal);
  }

  /** Whether a log is that of an earlier generation: what was asked of it the flip has satisfied. */
  replaced(collection: Collection, log: number): boolean {
    return this.#catalog.reindexing.predecessorsOf(collection).some((earlier) => earlier.log === log);
  }

  async #catchUp(probe: Promise<{ readonly ends: readonly number[] }>, read: ReadOptions | null, context: CallContext): Promise<void> {
    const { signal } = callOf(read, context, this.#timeoutMsMax);
    const { ends: [end = 0] } = await within(probe, signal);
    await this.#catalog.passed(end, signal);
  }
}
