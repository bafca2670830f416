import type { CollectionSettings } from '@proximadb/schemas';
import type { Reindex } from './reindex.ts';

/** A generation of a collection, as the catalog's log decided it. Never changes: each change makes a new object. */
export interface Collection {
  readonly name: string;
  /** Number of its log: offset of its creation in the catalog's log + 1. Never used twice. */
  readonly log: number;
  /** Its record topic, `proximadb-<name>-<log>`. */
  readonly topic: string;
  /** What makes the record topic this very topic; '' while `creating`. */
  readonly topicId: string;
  /**
   * - `creating`: it has its name, and not yet its topic. A crash may leave it there; whoever opens or uses it next makes the topic.
   * - `filling`: it has its topic, and copiers write what the generation that it replaces holds. The name is still that one's.
   * - `ready`: read and written.
   * - `retired`: a later generation has the name. Its topic takes no writes; it is read by its log number until it is discarded.
   * - `deleted`: the name is free again; topic and files wait to be erased. Once they are, the catalog forgets it.
   */
  readonly state: 'creating' | 'filling' | 'ready' | 'retired' | 'deleted';
  readonly settings: CollectionSettings;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** µs since 1970-01-01 UTC, by the clock of the process that asked for it. */
  readonly createdAtMicros: number;
  /** Of a generation that is or was filled from another one. */
  readonly reindex?: Reindex;
  /** Log number of the generation that is filled from this one, or, once `retired`, has replaced it. */
  readonly replacedBy?: number;
}

/** What happened to a collection; `collection` is how it stands after it (for `erased`, as it stood last). */
export interface Change {
  readonly kind: Collection['state'] | 'updated' | 'erased';
  readonly collection: Collection;
}

export function recordTopic(name: string, log: number): string {
  return `proximadb-${name}-${log}`;
}
