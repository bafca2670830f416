/** What one process measures, and what it answers. Plain data. */
export interface SerialisationCase {
  readonly dimension: number;
  readonly fields: number;
  /** Records a request. */
  readonly batch: number;
  /** Records of a round, a multiple of the batch. */
  readonly records: number;
  readonly rounds: number;
  readonly warmups: number;
  /** Times that a round converts all its records. */
  readonly repeats: number;
  /** Requests of a round that are appended. */
  readonly appends: number;
  /** Looks at the heap, for what is allocated. */
  readonly looks: number;
  /** For the logs. */
  readonly directory: string;
}

/** Medians of the rounds, a record. */
export interface PathResult {
  /** Of the value that the log keeps. */
  readonly bytes: number;
  /** From the received message to that value. */
  readonly convertMicros: number;
  /** From the value to the log's entry: partition, checksum, header. */
  readonly entriesMicros: number;
  /** An append that is flushed to the disk. */
  readonly durableMicros: number;
  /** A transaction of LMDB that is not flushed. */
  readonly unsyncedMicros: number;
  /** Objects and numbers that the conversion allocates. */
  readonly heapBytes: number;
  /** Memory outside of the heap that it allocates: buffers. */
  readonly bufferBytes: number;
}

export type SerialisationResult = Readonly<Record<string, PathResult>>;
