import { Worker } from 'node:worker_threads';
import { AppError, assert, toAppError } from '@proximadb/errors';
import type { Answers, Opened, Question, Refusal, Reply, WriterData } from './messages.ts';

export type Outcome<T> = { readonly kind: 'answer'; readonly answer: T } | { readonly kind: 'refusal'; readonly refusal: Refusal };

/** The writer's thread, seen from the log's. Questions are answered in their order. */
export class WriterThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (outcome: Outcome<Answers[keyof Answers]>) => void>();
  readonly #exited: Promise<void>;
  #nextId = 0;
  #broken: Refusal | undefined;

  private constructor(worker: Worker, onOpened: (opened: Opened) => void, onBroken: (error: Error) => boolean) {
    this.#worker = worker;
    worker.on('message', (reply: Reply) => {
      if (reply.kind === 'opened') onOpened(reply.opened);
      else if (reply.kind === 'unopened') onBroken(new AppError(reply.code, `the log cannot be opened: ${reply.message}`));
      else this.#receive(reply);
    });
    worker.on('error', (error: unknown) => {
      this.#break(error instanceof Error ? error.message : String(error));
      // The writer answers what the disk does; what it throws is our bug, and stops the process unless somebody waits for the start.
      if (!onBroken(toAppError(error))) throw error;
    });
    this.#exited = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#break('the thread that writes the log has ended');
        onBroken(new AppError('INTERNAL', 'the thread that writes the log has ended'));
        resolve();
      });
    });
  }

  /** Opens the store in a thread of its own. The directory's lock is the caller's. */
  static async start(data: WriterData): Promise<{ readonly thread: WriterThread; readonly opened: Opened }> {
    const file = import.meta.url.endsWith('.ts') ? './writer.worker.ts' : './writer.worker.js';
    const worker = new Worker(new URL(file, import.meta.url), { workerData: data, name: 'log-writer' });
    return new Promise((resolve, reject) => {
      let starting = true;
      const thread = new WriterThread(worker, (opened) => {
        starting = false;
        // From here on the thread keeps the process alive only while somebody waits for it.
        worker.unref();
        resolve({ thread, opened });
      }, (error) => {
        reject(error);
        return starting;
      });
    });
  }

  /** @returns what became of it; never rejects. */
  ask<K extends keyof Answers>(question: Question & { readonly kind: K }, handOver: readonly ArrayBuffer[] = []): Promise<Outcome<Answers[K]>> {
    if (this.#broken !== undefined) return Promise.resolve({ kind: 'refusal', refusal: this.#broken });
    const id = this.#nextId++;
    return new Promise((resolve) => {
      if (this.#waiting.size === 0) this.#worker.ref();
      // The answer to a question is of the question's kind: writer.worker.ts.
      this.#waiting.set(id, resolve as (outcome: Outcome<Answers[keyof Answers]>) => void);
      this.#worker.postMessage({ id, question }, handOver);
    });
  }

  #receive(reply: Extract<Reply, { id: number }>): void {
    const resolve = this.#waiting.get(reply.id);
    assert(resolve !== undefined, 'each question is answered once');
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    resolve(reply);
  }

  #break(message: string): void {
    this.#broken ??= { kind: 'broken', message };
    for (const resolve of this.#waiting.values()) resolve({ kind: 'refusal', refusal: this.#broken });
    this.#waiting.clear();
  }

  /** After all that was asked before. */
  async close(): Promise<void> {
    await this.ask({ kind: 'close' });
    this.#worker.ref();
    await this.#exited;
  }
}
