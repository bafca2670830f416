import { later } from './token.ts';

/** What one caller has written and read: its next read sees at least as much. */
export class Session {
  readonly #tokens = new Map<string, string>();

  token(collection: string): string | undefined {
    return this.#tokens.get(collection);
  }

  note(collection: string, token: string): void {
    if (token !== '') this.#tokens.set(collection, later(this.#tokens.get(collection), token));
  }

  /** The collection is deleted, or another one has its name. */
  forget(collection: string): void {
    this.#tokens.delete(collection);
  }
}
