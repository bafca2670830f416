/**
 * The catalog as a fold over its log: what each entry does is decided by the entries before it and by nothing else, so every
 * process that has read as far holds the same. No clock, no configuration, no I/O in here.
 */
import { assert, unreachable } from '@proximadb/errors';
import { recordTopic, type Change, type Collection } from './collection.ts';
import type { CatalogEntry, Created, SchemaUsed, Updated } from './events.ts';

/** Why an entry changed nothing. */
export type Refusal = 'name_taken' | 'unknown_log' | 'not_creating' | 'already_deleted' | 'not_deleted' | 'schema_conflict';

/** What became of the first entry of a request. `log` is the collection that it was about (`name_taken`: that has the name). */
export type Outcome =
  | { readonly kind: 'applied'; readonly event: CatalogEntry['event']['kind']; readonly log: number | null }
  | { readonly kind: 'refused'; readonly event: CatalogEntry['event']['kind']; readonly log: number | null; readonly reason: Refusal };

type Decision = { readonly log: number | null; readonly change?: Change } | { readonly log: number | null; readonly reason: Refusal };

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
  apply(entry: CatalogEntry, offset: number): { readonly outcome: Outcome; readonly change: Change | undefined } {
    assert(offset === this.#next, `the catalog expects offset ${this.#next}, not ${offset}`);
    this.#next = offset + 1;
    const earlier = this.#outcomes.get(entry.requestId);
    if (earlier !== undefined) return { outcome: earlier, change: undefined };
    const decision = this.#decide(entry, offset);
    const event = entry.event.kind;
    const outcome: Outcome = 'reason' in decision
      ? { kind: 'refused', event, log: decision.log, reason: decision.reason }
      : { kind: 'applied', event, log: decision.log };
    this.#remember(entry.requestId, outcome);
    return { outcome, change: 'reason' in decision ? undefined : decision.change };
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
    return this.#put('ready', { ...collection, state: 'ready', topicId });
  }

  #update({ log, description, tags }: Updated): Decision {
    const collection = this.#collections.get(log);
    if (collection === undefined) return { log, reason: 'unknown_log' };
    if (collection.state === 'deleted') return { log, reason: 'already_deleted' };
    return this.#put('updated', { ...collection, description: description ?? collection.description, tags: tags ?? collection.tags });
  }

  #delete(log: number): Decision {
    const collection = this.#collections.get(log);
    if (collection === undefined) return { log, reason: 'unknown_log' };
    if (collection.state === 'deleted') return { log, reason: 'already_deleted' };
    this.#names.delete(collection.name);
    return this.#put('deleted', { ...collection, state: 'deleted' });
  }

  #erase(log: number): Decision {
    const collection = this.#collections.get(log);
    if (collection === undefined) return { log, reason: 'unknown_log' };
    if (collection.state !== 'deleted') return { log, reason: 'not_deleted' };
    this.#collections.delete(log);
    return { log, change: { kind: 'erased', collection } };
  }

  /** The first text of an id is its text for ever. */
  #useSchema(event: SchemaUsed): Decision {
    const earlier = this.#schemas.get(event.id);
    if (earlier === undefined) this.#schemas.set(event.id, event);
    else if (earlier.fingerprint !== event.fingerprint) return { log: null, reason: 'schema_conflict' };
    return { log: null };
  }

  #put(kind: Change['kind'], collection: Collection): Decision {
    this.#collections.set(collection.log, collection);
    return { log: collection.log, change: { kind, collection } };
  }
}
