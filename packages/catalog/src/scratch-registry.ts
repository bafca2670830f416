/** For tests: a registry whose answers can be replaced, the fault between us and a real one. */
import { AppError } from '@proximadb/errors';
import type { SchemaRegistry } from './registry.ts';

export class FaultyRegistry implements SchemaRegistry {
  /** What answers; another one in its place is a registry that was wiped or exchanged. */
  real: SchemaRegistry;
  /** In place of what the real one says of an id; null: it knows none. */
  readonly texts = new Map<number, string | null>();
  /** What every question fails with. */
  fault: AppError | undefined;
  /** What registering a schema whose text contains this fails with. */
  refuses: { readonly part: string; readonly error: AppError } | undefined;
  beforeAnswer = async (): Promise<void> => undefined;
  questions = 0;
  registered = 0;

  constructor(real: SchemaRegistry) {
    this.real = real;
  }

  set down(isDown: boolean) {
    this.fault = isDown ? new AppError('UNAVAILABLE', 'the registry is down') : undefined;
  }

  async register(subject: string, text: string): Promise<number> {
    this.#answer();
    if (this.refuses !== undefined && text.includes(this.refuses.part)) throw this.refuses.error;
    this.registered++;
    return this.real.register(subject, text);
  }

  async byId(id: number): Promise<string | undefined> {
    this.#answer();
    await this.beforeAnswer();
    const text = this.texts.get(id);
    return text === undefined ? this.real.byId(id) : text ?? undefined;
  }

  #answer(): void {
    this.questions++;
    if (this.fault !== undefined) throw this.fault;
  }
}
