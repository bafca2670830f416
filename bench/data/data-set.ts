/** What every peer is given: rows with metadata, queries that are no rows, and filters of which it is known what they match. */

/** A number, a text or a truth value a field: what every peer can hold. */
export type Fields = Readonly<Record<string, string | number | boolean>>;

export type SetMetric = 'cosine' | 'euclidean';

/** `field < below`: the one filter that every peer understands. */
export interface RangeFilter {
  readonly field: string;
  readonly below: number;
  /** The part of all rows that match, counted: 0 to 1. */
  readonly share: number;
  /** `uncorrelated`: has nothing to do with the vector; `correlated`: matches what lies together; `own`: a field of the user's. */
  readonly kind: 'uncorrelated' | 'correlated' | 'own';
}

export interface DataSet {
  readonly name: string;
  readonly metric: SetMetric;
  readonly dimension: number;
  readonly rows: number;
  readonly queries: readonly Float32Array[];
  readonly filters: readonly RangeFilter[];
  /** Of all rows, one after the other. */
  readonly vectors: Float32Array;
  metadata(row: number): Fields;
}

export function vectorAt({ vectors, dimension }: Pick<DataSet, 'vectors' | 'dimension'>, row: number): Float32Array {
  return vectors.subarray(row * dimension, (row + 1) * dimension);
}

/** Whether a row matches; a row without the field does not. */
export function matches({ field, below }: RangeFilter, fields: Fields): boolean {
  const value = fields[field];
  return typeof value === 'number' && value < below;
}
