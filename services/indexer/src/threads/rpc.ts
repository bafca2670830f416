/** Calls between threads: each side may call the other; an answer is a value or an AppError. A call that is not wanted any more can be cancelled. */
import type { MessagePort, Worker } from 'node:worker_threads';
import { AppError, toAppError, type AppErrorOptions, type Code } from '@proximadb/errors';

interface PlainError extends AppErrorOptions {
  readonly code: Code;
  readonly message: string;
}

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: PlainError };

/** Gets, after the arguments of a call that can be cancelled, a signal that aborts when it is. */
export type Handler = (...args: never[]) => unknown;

export class Rpc {
  readonly #port: MessagePort | Worker;
  readonly #handlers: Readonly<Record<string, Handler>>;
  /** Of calls from the other side that are under way. */
  readonly #cancels = new Map<number, AbortController>();
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

  /**
   * The same, with a signal that is passed on: the handler hears of it, and decides when the call is over. Of time that is up it knows by
   * itself, and has more to say about it.
   */
  cancellable<T>(signal: AbortSignal | undefined, method: string, ...args: readonly unknown[]): Promise<T> {
    if (signal === undefined) return this.call(method, ...args);
    if (signal.aborted && !isTimeUp(signal)) return Promise.reject(new AppError('CANCELLED', 'the caller has gone', { cause: signal.reason }));
    const id = this.#next;
    const cancel = (): void => { if (this.#waiting.has(id) && !isTimeUp(signal)) this.#port.postMessage({ kind: 'cancel', id } satisfies Message); };
    signal.addEventListener('abort', cancel, { once: true });
    return this.call<T>(method, ...args).finally(() => { signal.removeEventListener('abort', cancel); });
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
      case 'cancel':
        this.#cancels.get(message.id)?.abort();
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
    const cancel = new AbortController();
    this.#cancels.set(id, cancel);
    try {
      const handler = this.#handlers[method];
      if (handler === undefined) throw new AppError('UNIMPLEMENTED', `no method ${method} between threads`);
      const value: unknown = await handler(...(args as never[]), cancel.signal as never);
      this.#port.postMessage({ kind: 'answer', id, value } satisfies Message);
    } catch (thrown) {
      const { code, message, details, retryAfterMs, token } = toAppError(thrown);
      const error: PlainError = { code, message, details, ...(retryAfterMs === undefined ? {} : { retryAfterMs }), ...(token === undefined ? {} : { token }) };
      this.#port.postMessage({ kind: 'failure', id, error } satisfies Message);
    } finally {
      this.#cancels.delete(id);
    }
  }
}

function isTimeUp(signal: AbortSignal): boolean {
  return signal.reason instanceof AppError && signal.reason.code === 'DEADLINE_EXCEEDED';
}
