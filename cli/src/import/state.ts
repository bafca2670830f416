/** How far an import has come, in a small file beside its input, so that a later run can go on where it stopped. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { AppError } from '@proximadb/errors';
import type { FieldNames, Format, Position } from './source.ts';

/** What two runs have to have in common. */
export interface ImportIdentity {
  readonly collection: string;
  /** The collection's log number: one that was deleted and made anew has another. */
  readonly log: string;
  /** Of the input's bytes. */
  readonly digest: string;
  readonly format: Format;
  readonly names: FieldNames | null;
}

export interface ImportState {
  readonly version: 1;
  readonly identity: ImportIdentity;
  /** Of the first run; with a batch's number it makes the request id, so a batch that is sent again is applied once. */
  readonly run: string;
  readonly batchRows: number;
  /** Acknowledged: all of the input up to the position. */
  readonly batches: number;
  readonly position: Position;
  readonly imported: number;
  readonly refused: number;
  /** Of the file of refused rows. */
  readonly rejectsBytes: number;
}

/** @throws AppError DATA_LOSS for a file that is none of these. */
export function readState(path: string): ImportState | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
  try {
    const state = JSON.parse(text) as ImportState;
    if (state.version === 1 && typeof state.run === 'string' && Number.isSafeInteger(state.position.rows)) return state;
  } catch {
    // Said below.
  }
  throw new AppError('FAILED_PRECONDITION', `${path} is not the state of an import: remove it, or name another file with --state`);
}

/** Whole or not at all. It need not be flushed: going back a little costs a few batches, which are applied once. */
export function writeState(path: string, state: ImportState): void {
  writeFileSync(`${path}.tmp`, `${JSON.stringify(state)}\n`);
  renameSync(`${path}.tmp`, path);
}

export function removeState(path: string): void {
  rmSync(path, { force: true });
}

/** @throws AppError FAILED_PRECONDITION naming what is another than in the run before. */
export function checkIdentity(path: string, found: ImportIdentity, wanted: ImportIdentity): void {
  const differences: string[] = [];
  if (found.collection !== wanted.collection) differences.push(`the collection was ${found.collection}`);
  else if (found.log !== wanted.log) differences.push('the collection was deleted and made anew since');
  if (found.digest !== wanted.digest) differences.push('the input has changed since');
  if (found.format !== wanted.format) differences.push(`the format was ${found.format}`);
  if (JSON.stringify(found.names) !== JSON.stringify(wanted.names)) differences.push('the fields were others');
  if (differences.length === 0) return;
  throw new AppError('FAILED_PRECONDITION', `cannot go on with the import that ${path} tells of: ${differences.join(', ')}; without --resume it begins anew`);
}
