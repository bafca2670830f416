/** What can be imported: a file of rows, each of which becomes a record. */
export const formats = ['jsonl', 'npy', 'fvecs', 'parquet', 'avro'] as const;
export type Format = (typeof formats)[number];

/** A place between two rows, from which reading can go on. Plain data, kept in state files. */
export interface Position {
  /** Rows (of jsonl: lines) before it. */
  readonly rows: number;
  /** Bytes before it, where the format has such a thing. */
  readonly bytes: number;
  /** The same in the file of metadata. */
  readonly metadataBytes: number;
}

export const beginning: Position = { rows: 0, bytes: 0, metadataBytes: 0 };

export interface Row {
  /** From 1 on; of jsonl the number of the line. */
  readonly number: number;
  readonly after: Position;
  /**
   * The record in today's schema with its wire header; its limits are not checked.
   * @throws AppError INVALID_ARGUMENT naming the field.
   */
  readonly encode: (schemaId: number) => Uint8Array;
}

export interface Source extends AsyncDisposable {
  readonly path: string;
  readonly format: Format;
  /** null: not known before the end. */
  readonly rowsTotal: number | null;
  /** null: not known before the end. */
  readonly bytesTotal: number | null;
  /** How its records come about, where that is worth a line. */
  readonly remark: string | null;
  /** Numbers in a vector, if the file says so at its start. */
  readonly dimension: number | null;
  /** The metric of the collection it was exported from. */
  readonly metric: string | null;
  /** Once at a time; holds a few MiB at most. @throws AppError for a file that cannot be read on. */
  rows(from: Position): AsyncIterable<Row>;
}

/** How the fields of rows that are not records of ours are called. */
export interface FieldNames {
  readonly id: string;
  readonly vector: string;
}
