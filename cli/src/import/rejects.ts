/** Refused rows: the first few on the screen, all of them in a file if one is named. */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { RefusedRow } from './run.ts';

const keptMax = 10;

export class Rejects implements Disposable {
  readonly #file: string;
  readonly #fd: number | undefined;
  #bytes: number;
  /** The first of this run. */
  readonly first: RefusedRow[] = [];

  /** @param keep bytes of the file that a former run wrote and that still hold. */
  constructor(input: string, path: string | undefined, keep: number) {
    this.#file = input;
    this.#fd = path === undefined ? undefined : openSync(path, keep > 0 ? 'r+' : 'w');
    this.#bytes = this.#fd === undefined ? 0 : keep;
    if (this.#fd !== undefined) ftruncateSync(this.#fd, keep);
  }

  /** Bytes of the file. */
  get bytes(): number {
    return this.#bytes;
  }

  add(rows: readonly RefusedRow[]): void {
    for (const row of rows) {
      if (this.first.length < keptMax) this.first.push(row);
      if (this.#fd !== undefined) this.#bytes += writeSync(this.#fd, `${JSON.stringify({ file: this.#file, ...row })}\n`, this.#bytes);
    }
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}

/** `row 17 "king", vector[3]: must be finite` */
export function describeRefusal({ row, id, field, reason }: RefusedRow): string {
  const named = id === undefined ? `row ${row}` : `row ${row} ${JSON.stringify(id.length > 60 ? `${id.slice(0, 60).toWellFormed()}…` : id)}`;
  return `${[named, field].filter((part) => part !== undefined).join(', ')}: ${reason}`;
}
