/** The gateway's port to the query service: what a delete by filter has to read. */
import type { Collection } from '@proximadb/catalog';
import type { Filter } from '@proximadb/schemas';

export interface ReaderRow {
  readonly id: string;
  /** Of the record's version. */
  readonly offset: number;
}

export interface ReaderPage {
  readonly filter: Filter;
  /** Where an earlier page ended; null: at the first id. */
  readonly cursor: string | null;
  /** One offset a partition: everything below it is seen. */
  readonly atLeast: readonly number[];
  /** Rows wanted, at least 1. */
  readonly limit: number;
  readonly timeoutMs: number;
}

export interface ReaderAnswer {
  /** In the order of the ids' bytes. */
  readonly rows: readonly ReaderRow[];
  /** Goes on behind the last row; null at the end. */
  readonly cursor: string | null;
  /** What was seen: one offset a partition, nowhere below `atLeast`. */
  readonly offsets: readonly number[];
}

export interface Reader {
  /**
   * @throws AppError INVALID_ARGUMENT for a filter or cursor that is none, FAILED_PRECONDITION for a cursor of another collection,
   *   DEADLINE_EXCEEDED, UNAVAILABLE, RESOURCE_EXHAUSTED.
   */
  scroll(collection: Collection, page: ReaderPage): Promise<ReaderAnswer>;
}
