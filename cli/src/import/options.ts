/** The options of `proximadb import`. */
import type { Metric } from '@proximadb/schemas';
import type { ServerOption } from '../connection.ts';
import type { FieldNames, Format } from './source.ts';

export interface ImportOptions extends ServerOption {
  readonly collection: string;
  readonly create?: boolean;
  readonly dimension?: number;
  readonly metric?: Metric;
  readonly format?: Format;
  readonly metadata?: string;
  readonly idField?: string;
  readonly vectorField?: string;
  readonly batch: number;
  readonly concurrency: number;
  readonly resume?: boolean;
  readonly state?: string;
  readonly rejects?: string;
  readonly json?: boolean;
}

/** null: rows of jsonl are records as REST has them. */
export function namesGiven({ idField, vectorField }: ImportOptions): FieldNames | null {
  return idField === undefined && vectorField === undefined ? null : { id: idField ?? 'id', vector: vectorField ?? 'vector' };
}
