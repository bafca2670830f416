/** Who wants to hear of changes. */
export class Listeners {
  readonly #listeners = new Set<() => void>();
  #told: NodeJS.Immediate | undefined;

  add(listener: () => void): () => void {
    // A listener that is given twice is told twice, and ended on its own.
    const own = (): void => { listener(); };
    this.#listeners.add(own);
    return () => { this.#listeners.delete(own); };
  }

  /** Once for all changes of this turn of the event loop, and after it: a listener may announce again without being called from within itself. */
  tell(): void {
    this.#told ??= setImmediate(() => {
      this.#told = undefined;
      for (const listener of [...this.#listeners]) listener();
    });
  }

  clear(): void {
    this.#listeners.clear();
    clearImmediate(this.#told);
    this.#told = undefined;
  }
}
