import { invalid } from '@proximadb/errors';

/** The version of a record: log number and offset, both safe integers ≥ 0. */
export interface RecordVersion {
  readonly log: number;
  readonly offset: number;
}

const pattern = /^(0|[1-9][0-9]{0,15})-(0|[1-9][0-9]{0,15})$/;

/** @throws AppError INVALID_ARGUMENT if the text is not `<log>-<offset>` in plain decimal digits. */
export function parseVersion(text: string): RecordVersion {
  const parts = pattern.exec(text);
  const log = Number(parts?.[1]);
  const offset = Number(parts?.[2]);
  if (!Number.isSafeInteger(log) || !Number.isSafeInteger(offset)) {
    throw invalid(`"${text.slice(0, 64)}" is not a version; one looks like 7-1234 (log number, offset)`, { field: 'version' });
  }
  return { log, offset };
}

export function formatVersion(log: number, offset: number): string {
  return `${log}-${offset}`;
}
