/** Calls between threads: each side may call the other; an answer is a value or an AppError. */
import type { MessagePort, Worker } from 'node:worker_threads';
import { AppError, toAppError, type AppErrorOptions, type Code } from '@proximadb/errors';

interface PlainError extends AppErrorOptions {
  readonly code: Code;
  readonly message: string;
}

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: PlainError };

export type Handler = (...args: never[]) => unknown;

export class Rpc {
  readonly #port: MessagePort | Worker;
  readonly #handlers: Readonly<Record<string, Handler>>;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: AppError) => void }>();
  #next = 1;
  #closed: AppError | undefined;

  constructor(port: MessagePort | Worker, handlers: Readonly<Record<string, Handler>>) {
    this.#port = port;
    this.#handlers = handlers;
    port.on('message', (message: Message) => { this.#receive(message); });
  }

  /** @throws AppError as the other side threw it; UNAVAILABLE once the other side is gone. */
  call<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const id = this.#next;
    this.#next += 1;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#port.postMessage({ kind: 'call', id, method, args } satisfies Message);
    });
  }

  /** Fails all calls under way and to come. */
  fail(error: AppError): void {
    this.#closed = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #receive(message: Message): void {
    switch (message.kind) {
      case 'call':
        void this.#answer(message.id, message.method, message.args);
        return;
      case 'answer':
        this.#waiting.get(message.id)?.resolve(message.value);
        this.#waiting.delete(message.id);
        return;
      case 'failure':
        this.#waiting.get(message.id)?.reject(new AppError(message.error.code, message.error.message, message.error));
        this.#waiting.delete(message.id);
    }
  }

  async #answer(id: number, method: string, args: readonly unknown[]): Promise<void> {
    try {
      const handler = this.#handlers[method];
      if (handler === undefined) throw new AppError('UNIMPLEMENTED', `no method ${method} between threads`);
      const value: unknown = await handler(...(args as never[]));
      this.#port.postMessage({ kind: 'answer', id, value } satisfies Message);
    } catch (thrown) {
      const { code, message, details, retryAfterMs, token } = toAppError(thrown);
      const error: PlainError = { code, message, details, ...(retryAfterMs === undefined ? {} : { retryAfterMs }), ...(token === undefined ? {} : { token }) };
      this.#port.postMessage({ kind: 'failure', id, error } satisfies Message);
    }
  }
}
