import { AppError, assert } from '@proximadb/errors';
import type { SchemaUsed } from './events.ts';
import type { SchemaRegistry } from './registry.ts';
import { sameSchema } from './same-schema.ts';

/** What was found when catalog and registry were compared last. */
export type RegistryState =
  /** Ids mean there what they mean here. */
  | { readonly kind: 'agrees' }
  /** It cannot be asked, or does not accept us. What is in use goes on; new ids are UNAVAILABLE. Left at the next comparison that succeeds. */
  | { readonly kind: 'unreachable'; readonly error: AppError }
  /**
   * It lost ids that are in use, or says something else of them: it was wiped or exchanged. New ids are UNAVAILABLE, for what such a registry
   * says of an id the right one may contradict. For an operator (DATA_LOSS). Left when a comparison finds that it agrees.
   */
  | { readonly kind: 'disagrees'; readonly error: AppError };

export interface RegistryWatchOptions {
  readonly registry: SchemaRegistry;
  /** What the catalog says. */
  readonly used: () => Iterable<SchemaUsed>;
  /** The subject that a schema in use is registered under when the registry has lost it; undefined: none. */
  readonly subjectOf: (schema: string) => string | undefined;
  /** Pause between two comparisons, ms, a quarter more or less; a twelfth of it while they do not agree. */
  readonly everyMs: number;
  /** Called with each state that is another than the one before. Must not throw. */
  readonly onState: (state: RegistryState) => void;
  /** Called once with what only a mistake of ours throws. */
  readonly onBug: (error: Error) => void;
}

/** Ids that a comparison in the background asks for: all in turn, so that many ids cost no more than few. */
const idsATime = 16;
/** A registry that is back should soon be known to be. */
const oftenerWhileAway = 12;

/** Sees to it that nothing new is taken from a registry that is not the one which gave the ids in use. */
export class RegistryWatch implements AsyncDisposable {
  readonly #options: RegistryWatchOptions;
  #state: RegistryState | undefined;
  #comparing: Promise<RegistryState> | undefined;
  #ticking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  /** Place of the next id that the background asks for. */
  #turn = 0;
  #closed = false;

  constructor(options: RegistryWatchOptions) {
    this.#options = options;
  }

  get state(): RegistryState {
    assert(this.#state !== undefined, 'the registry was compared at open');
    return this.#state;
  }

  /** Compares all ids in use, and fills a registry that has lost some; one comparison at a time. Of the world's faults it throws none. */
  compare(): Promise<RegistryState> {
    this.#comparing ??= this.#compareAll().finally(() => { this.#comparing = undefined; });
    return this.#comparing;
  }

  /** Compares in the background from now on. */
  start(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#ticking = this.#tick().then(() => { this.start(); }, (thrown: unknown) => {
        this.#options.onBug(thrown instanceof Error ? thrown : new Error(String(thrown)));
      });
    }, this.#pauseMs()).unref();
  }

  /** Processes that were started together should not ask together for ever. */
  #pauseMs(): number {
    const { everyMs } = this.#options;
    return (this.#state?.kind === 'agrees' ? everyMs : everyMs / oftenerWhileAway) * (0.75 + Math.random() / 2);
  }

  /**
   * What the registry says of an id, after it was asked for one in use: a registry that was exchanged since the last comparison is found out.
   * @throws AppError UNAVAILABLE unless it agrees
   */
  async text(id: number): Promise<string | undefined> {
    const [known] = this.#inOrder();
    try {
      const [text, agrees] = await Promise.all([this.#options.registry.byId(id), known === undefined || this.#agrees(known)]);
      if (agrees && this.state.kind === 'agrees') return text;
      const state = await this.compare();
      if (state.kind !== 'agrees') throw notNow(state.error);
      return await this.#options.registry.byId(id);
    } catch (thrown) {
      throw isRefusalOfUs(thrown) ? notNow(thrown) : thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#ticking;
    await this.#comparing;
  }

  async #compareAll(): Promise<RegistryState> {
    try {
      for (const used of this.#inOrder()) {
        if (this.#closed) return this.state;
        await this.#compareOne(used);
      }
      return this.#become({ kind: 'agrees' });
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      return this.#become({ kind: thrown.code === 'DATA_LOSS' ? 'disagrees' : 'unreachable', error: thrown });
    }
  }

  async #compareOne(used: SchemaUsed): Promise<void> {
    const text = await this.#options.registry.byId(used.id) ?? await this.#filled(used);
    if (text === undefined) throw lost(used.id);
    if (!sameSchema(text, used.schema)) throw contradiction(used.id);
  }

  /** In the order of their ids schemas are most likely given the same ones again. */
  async #filled({ id, schema }: SchemaUsed): Promise<string | undefined> {
    const subject = this.#options.subjectOf(schema);
    if (subject === undefined) return undefined;
    try {
      await this.#options.registry.register(subject, schema);
      return await this.#options.registry.byId(id);
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === 'INVALID_ARGUMENT') return undefined;
      throw thrown;
    }
  }

  /** A few ids suffice while all is well: a registry that was wiped knows none. */
  async #tick(): Promise<void> {
    if (this.#state?.kind === 'agrees') {
      const all = this.#inOrder();
      const first = this.#turn < all.length ? this.#turn : 0;
      const some = all.slice(first, first + idsATime);
      this.#turn = first + some.length;
      try {
        let agrees = true;
        for (const used of some) agrees &&= this.#closed || await this.#agrees(used);
        if (agrees) return;
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown;
      }
    }
    if (!this.#closed) await this.compare();
  }

  async #agrees(used: SchemaUsed): Promise<boolean> {
    const text = await this.#options.registry.byId(used.id);
    return text !== undefined && sameSchema(text, used.schema);
  }

  #inOrder(): SchemaUsed[] {
    return [...this.#options.used()].sort((a, b) => a.id - b.id);
  }

  #become(state: RegistryState): RegistryState {
    const isNew = this.#state?.kind !== state.kind;
    this.#state = state;
    if (isNew) this.#options.onState(state);
    return state;
  }
}

/** It is our credentials that are refused, and not the caller's. */
function isRefusalOfUs(thrown: unknown): thrown is AppError {
  return thrown instanceof AppError && (thrown.code === 'UNAUTHENTICATED' || thrown.code === 'PERMISSION_DENIED');
}

function notNow(cause: AppError): AppError {
  if (cause.code === 'UNAVAILABLE') return cause;
  return new AppError('UNAVAILABLE', `new schema ids are not taken until an operator has looked after the schema registry: ${cause.message}`, {
    cause, retryAfterMs: 5_000,
  });
}

function lost(id: number): AppError {
  return new AppError('DATA_LOSS', `the schema registry does not know schema id ${id}, which records have, and gives it to their schema no more: `
    + 'it was wiped. Restore it, or connect the right one');
}

export function contradiction(id: number): AppError {
  return new AppError('DATA_LOSS', `schema id ${id} means one schema in the catalog and another in the registry: `
    + 'the registry was replaced or filled in another order. Restore it, or connect the right one');
}
