/**
 * The catalog as a fold over its log: what each entry does is decided by the entries before it and by nothing else, so every
 * process that has read as far holds the same. No clock, no configuration, no I/O in here.
 */
import { assert, unreachable } from '@proximadb/errors';
import { recordTopic, type Change, type Collection } from './collection.ts';
import type { CatalogEntry, Created, SchemaUsed, Updated } from './events.ts';
import { beginReindex, decideCopier, type CopierEvent, type CopierRefusal, type ReindexStarted } from './reindex.ts';

/** Why an entry changed nothing. */
export type Refusal =
  | 'name_taken' | 'unknown_log' | 'not_creating' | 'already_deleted' | 'not_deleted' | 'schema_conflict'
  | 'not_ready' | 'reindexing' | 'not_filling' | 'closing' | 'not_retired' | CopierRefusal;

/**
 * What became of the first entry of a request. `log` is the collection that it was about (`name_taken`: that has the name), `offset` the
 * entry's own.
 */
export type Outcome =
  | { readonly kind: 'applied'; readonly event: CatalogEntry['event']['kind']; readonly log: number | null; readonly offset: number }
  | { readonly kind: 'refused'; readonly event: CatalogEntry['event']['kind']; readonly log: number | null; readonly reason: Refusal };

type Decision = { readonly log: number | null; readonly changes: readonly Change[] } | { readonly log: number | null; readonly reason: Refusal };

/** Requests whose outcome is remembered: part of the fold, so a constant of the format and no setting. */
export const requestsRemembered = 65_536;

export class CatalogState {
  #next = 0;
  readonly #collections = new Map<number, Collection>();
  readonly #names = new Map<string, number>();
  readonly #schemas = new Map<number, SchemaUsed>();
  /** In the order of the log; the oldest goes first. */
  readonly #outcomes = new Map<string, Outcome>();

  /** Offset of the next entry to apply. */
  get next(): number { return this.#next; }

  /** All that are not erased, in the order of their creation. */
  collections(): Iterable<Collection> { return this.#collections.values(); }
  get size(): number { return this.#collections.size; }
  byLog(log: number): Collection | undefined { return this.#collections.get(log); }
  /** The one that has the name now, creating or ready. */
  byName(name: string): Collection | undefined {
    const log = this.#names.get(name);
    return log === undefined ? undefined : this.#collections.get(log);
  }
  schema(id: number): SchemaUsed | undefined { return this.#schemas.get(id); }
  schemas(): Iterable<SchemaUsed> { return this.#schemas.values(); }
  get schemaCount(): number { return this.#schemas.size; }
  /** Of one of the last 65,536 requests. */
  outcomeOf(requestId: string): Outcome | undefined { return this.#outcomes.get(requestId); }

  /** Applies the entry at an offset. An entry that repeats a request changes nothing, and has the first one's outcome. */
  apply(entry: CatalogEntry, offset: number): { readonly outcome: Outcome; readonly changes: readonly Change[] } {
    assert(offset === this.#next, `the catalog expects offset ${this.#next}, not ${offset}`);
    this.#next = offset + 1;
    const earlier = this.#outcomes.get(entry.requestId);
    if (earlier !== undefined) return { outcome: earlier, changes: [] };
    const decision = this.#decide(entry, offset);
    const event = entry.event.kind;
    const outcome: Outcome = 'reason' in decision
      ? { kind: 'refused', event, log: decision.log, reason: decision.reason }
      : { kind: 'applied', event, log: decision.log, offset };
    this.#remember(entry.requestId, outcome);
    return { outcome, changes: 'reason' in decision ? [] : decision.changes };
  }

  #remember(requestId: string, outcome: Outcome): void {
    this.#outcomes.set(requestId, outcome);
    if (this.#outcomes.size <= requestsRemembered) return;
    for (const oldest of this.#outcomes.keys()) {
      this.#outcomes.delete(oldest);
      return;
    }
  }

  #decide(entry: CatalogEntry, offset: number): Decision {
    const { event } = entry;
    switch (event.kind) {
      case 'created': return this.#create(event, entry.atMicros, offset + 1);
      case 'ready': return this.#ready(event.log, event.topicId);
      case 'updated': return this.#update(event);
      case 'deleted': return this.#delete(event.log);
      case 'erased': return this.#erase(event.log);
      case 'schema_used': return this.#useSchema(event);
      case 'reindex_started': return this.#startReindex(event, entry.atMicros, offset + 1);
      case 'copier_started': case 'copier_caught_up': case 'partition_drained': return this.#copier(event, offset, entry.atMicros);
      case 'reindex_aborted': return this.#abortReindex(event.log);
      case 'generation_discarded': return this.#discard(event.log);
      default: return unreachable(event);
    }
  }

  #create(event: Created, atMicros: number, log: number): Decision {
    const holder = this.#names.get(event.name);
    if (holder !== undefined) return { log: holder, reason: 'name_taken' };
    this.#names.set(event.name, log);
    return this.#put('creating', {
      name: event.name, log, topic: recordTopic(event.name, log), topicId: '', state: 'creating',
      settings: event.settings, description: event.description, tags: event.tags, createdAtMicros: atMicros,
    });
  }

  #ready(log: number, topicId: string): Decision {
    const collection = this.#collections.get(log);
    if (collection === undefined) return { log, reason: 'unknown_log' };
    if (collection.state !== 'creating') return { log, reason: 'not_creating' };
    const state = collection.reindex === undefined ? 'ready' : 'filling';
    return this.#put(state, { ...collection, state, topicId });
  }

  #update({ log, description, tags }: Updated): Decision {
    const collection = this.#newest(log);
    if (collection === undefined) return { log, reason: 'unknown_log' };
    if (collection.state === 'deleted') return { log, reason: 'already_deleted' };
    return this.#put('updated', { ...collection, description: description ?? collection.description, tags: tags ?? collection.tags });
  }

  /** The collection goes, with all its generations. */
  #delete(log: number): Decision {
    const collection = this.#newest(log);
    if (collection === undefined) return { log, reason: 'unknown_log' };
    if (collection.state === 'deleted') return { log, reason: 'already_deleted' };
    if (this.#names.get(collection.name) === collection.log) this.#names.delete(collection.name);
    else return { log, reason: 'not_ready' };
    const all = [...this.#collections.values()].filter((each) => each.state !== 'deleted'
      && (each === collection || each.log === collection.replacedBy || (each.state === 'retired' && this.#newest(each.log) === collection)));
    const changes = all.map((each) => this.#store('deleted', { ...each, state: 'deleted' }));
    return { log: collection.log, changes };
  }

  #erase(log: number): Decision {
    const collection = this.#collections.get(log);
    if (collection === undefined) return { log, reason: 'unknown_log' };
    if (collection.state !== 'deleted') return { log, reason: 'not_deleted' };
    this.#collections.delete(log);
    return { log, changes: [{ kind: 'erased', collection }] };
  }

  /** The first text of an id is its text for ever. */
  #useSchema(event: SchemaUsed): Decision {
    const earlier = this.#schemas.get(event.id);
    if (earlier === undefined) this.#schemas.set(event.id, event);
    else if (earlier.fingerprint !== event.fingerprint) return { log: null, reason: 'schema_conflict' };
    return { log: null, changes: [] };
  }

  /** The new generation, beside the one that has the name. */
  #startReindex({ log, settings }: ReindexStarted, atMicros: number, newLog: number): Decision {
    const old = this.#collections.get(log);
    if (old === undefined) return { log, reason: 'unknown_log' };
    if (old.state !== 'ready') return { log, reason: 'not_ready' };
    if (old.replacedBy !== undefined) return { log: old.replacedBy, reason: 'reindexing' };
    const { name, description, tags, createdAtMicros } = old;
    const changes = [
      this.#store('updated', { ...old, replacedBy: newLog }),
      this.#store('creating', {
        name, log: newLog, topic: recordTopic(name, newLog), topicId: '', state: 'creating', settings, description, tags, createdAtMicros,
        reindex: beginReindex(log, old.settings.partitions, settings.partitions, atMicros),
      }),
    ];
    return { log: newLog, changes };
  }

  #copier(event: CopierEvent, offset: number, atMicros: number): Decision {
    const { log } = event;
    const collection = this.#collections.get(log);
    if (collection === undefined) return { log, reason: 'unknown_log' };
    if (collection.state !== 'filling' || collection.reindex === undefined) return { log, reason: 'not_filling' };
    const reindex = decideCopier(collection.reindex, event, offset, atMicros);
    if (typeof reindex === 'string') return { log, reason: reindex };
    return reindex.flippedAtMicros === null ? this.#put('updated', { ...collection, reindex }) : this.#flip({ ...collection, reindex }, reindex.replaces);
  }

  /** The name goes to the new generation; what was said about the collection meanwhile goes with it. */
  #flip(collection: Collection, replaces: number): Decision {
    const old = this.#collections.get(replaces);
    assert(old?.state === 'ready', 'a generation that is being replaced has the name');
    const { description, tags } = old;
    this.#names.set(collection.name, collection.log);
    const changes = [
      this.#store('ready', { ...collection, state: 'ready', description, tags }),
      this.#store('retired', { ...old, state: 'retired' }),
    ];
    return { log: collection.log, changes };
  }

  #abortReindex(log: number): Decision {
    const collection = this.#collections.get(log);
    if (collection === undefined) return { log, reason: 'unknown_log' };
    const { reindex, state } = collection;
    if (reindex === undefined || (state !== 'filling' && state !== 'creating')) return { log, reason: 'not_filling' };
    if (reindex.closingAtMicros !== null) return { log, reason: 'closing' };
    const old = this.#collections.get(reindex.replaces);
    assert(old?.replacedBy === log, 'a generation is filled from one that knows of it');
    const { replacedBy: _, ...asBefore } = old;
    return { log, changes: [this.#store('updated', asBefore), this.#store('deleted', { ...collection, state: 'deleted' })] };
  }

  #discard(log: number): Decision {
    const collection = this.#collections.get(log);
    if (collection === undefined) return { log, reason: 'unknown_log' };
    if (collection.state !== 'retired') return { log, reason: 'not_retired' };
    return this.#put('deleted', { ...collection, state: 'deleted' });
  }

  /** Who means a generation that was replaced means the collection. */
  #newest(log: number): Collection | undefined {
    let collection = this.#collections.get(log);
    while (collection?.state === 'retired' && collection.replacedBy !== undefined) collection = this.#collections.get(collection.replacedBy);
    return collection;
  }

  #put(kind: Change['kind'], collection: Collection): Decision {
    return { log: collection.log, changes: [this.#store(kind, collection)] };
  }

  #store(kind: Change['kind'], collection: Collection): Change {
    this.#collections.set(collection.log, collection);
    return { kind, collection };
  }
}
