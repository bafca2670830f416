/** An indexer that lives. */
export interface SchemaReader {
  readonly id: string;
  /** Ids of schemas whose records it reads; none: it did not say yet. */
  readonly schemas: readonly number[];
}

/** The gateway's port to those that will read what it writes. */
export interface Indexers {
  list(): readonly SchemaReader[];
  /** Called after the list changed; must not throw. @returns ends it */
  onChange(listener: () => void): () => void;
}

/** Who indexes in the process that writes reads what it writes. */
export const ofThisProcess: Indexers = { list: () => [], onChange: () => () => undefined };
