/** A file that is read by position. */
import { closeSync, openSync, readSync } from 'node:fs';
import { AppError } from '@proximadb/errors';

export class FileReader {
  readonly #path: string;
  readonly #fd: number;

  /** Opens it; {@link close} closes it. */
  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'r');
  }

  /**
   * Fills `into`, as far as there is something.
   * @param least bytes that there have to be; default: all that fit.
   * @returns bytes.
   * @throws AppError DATA_LOSS naming the file: it is shorter than that, or cannot be read.
   */
  read(into: Uint8Array, position: number, least: number = into.length): number {
    let done = 0;
    try {
      for (let read = -1; read !== 0 && done < into.length; done += read) read = readSync(this.#fd, into, done, into.length - done, position + done);
    } catch (error) {
      throw new AppError('DATA_LOSS', `${this.#path} cannot be read at byte ${position + done}: ${(error as Error).message}`, { cause: error });
    }
    if (done < least) throw new AppError('DATA_LOSS', `${this.#path} has no byte ${position + done}: it is shorter than its rows say`);
    return done;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
