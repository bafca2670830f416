import { open, readFile, rename, rm } from 'node:fs/promises';
import { AppError, toAppError } from '@proximadb/errors';
import type { Logger } from '@proximadb/process';
import { Member } from '@proximadb/schemas';

/** ms between two writes. */
const everyMs = 5_000;

/**
 * The members that a process last knew, in a file, so that it knows them when it starts while the store is away. A file of JSON, written anew
 * beside the old one and put in its place at once, at most every 5 s, and only if somebody came, went, moved, or took or left a partition:
 * watermarks are as old as that. It is a hint: one that cannot be read or written is reported, and done without.
 */
export class LastKnown {
  readonly #path: string;
  readonly #logger: Pick<Logger, 'warn'> | undefined;
  #members: readonly Member[] | undefined;
  #written = '';
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #complained = false;

  constructor(path: string, logger?: Pick<Logger, 'warn'>) {
    this.#path = path;
    this.#logger = logger;
  }

  async read(): Promise<readonly Member[]> {
    try {
      const text = await readFile(this.#path, 'utf8');
      const parsed: unknown = JSON.parse(text);
      if (!Array.isArray(parsed)) throw new AppError('DATA_LOSS', 'not a list');
      // Whatever is not a member of this release does not encode, or not to the same.
      return parsed.map((member: Partial<Member>) => Member.decode(Member.encode(Member.create(member))));
    } catch (error) {
      const isThere = (error as NodeJS.ErrnoException).code !== 'ENOENT';
      if (isThere) this.#logger?.warn('last-known-members-unreadable', { path: this.#path, error: toAppError(error) });
      return [];
    }
  }

  /** Will be written within a while, if it differs from what was. */
  note(members: readonly Member[]): void {
    this.#members = members;
    this.#timer ??= setTimeout(() => { this.#writing = this.#write(); }, everyMs).unref();
  }

  /** Writes what was noted, and ends. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#writing;
    await this.#write();
    clearTimeout(this.#timer);
  }

  async #write(): Promise<void> {
    const members = this.#members;
    this.#timer = undefined;
    if (members === undefined) return;
    const text = `[\n${members.map((member) => JSON.stringify(member)).join(',\n')}\n]\n`;
    const content = text.replace(/"watermark":\d+/g, '');
    if (content === this.#written) return;
    const fresh = `${this.#path}.new`;
    try {
      const file = await open(fresh, 'w');
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(fresh, this.#path);
      this.#written = content;
    } catch (error) {
      await rm(fresh, { force: true }).catch(() => undefined);
      if (!this.#complained) this.#logger?.warn('last-known-members-not-written', { path: this.#path, error: toAppError(error) });
      this.#complained = true;
    }
  }
}
