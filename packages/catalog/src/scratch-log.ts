/** For tests: a log on disk that is gone afterwards. */
import { EmbeddedLog } from '@proximadb/log/embedded';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class ScratchLog implements AsyncDisposable {
  readonly #directory: string;
  log: EmbeddedLog;

  static async open(): Promise<ScratchLog> {
    const directory = await mkdtemp(join(tmpdir(), 'proximadb-catalog-'));
    return new ScratchLog(directory, await EmbeddedLog.open({ directory }));
  }

  private constructor(directory: string, log: EmbeddedLog) {
    this.#directory = directory;
    this.log = log;
  }

  /** Closes the log and opens it again, as a new process would. */
  async restart(): Promise<void> {
    await this.log[Symbol.asyncDispose]();
    this.log = await EmbeddedLog.open({ directory: this.#directory });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.log[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
