/** REST: JSON over `fetch`, and nothing of Node, for browsers and edge runtimes. */
import { AppError, assert, fromPlainError, type Code } from '@proximadb/errors';
import { isJsonObject, parseJson, type JsonObject } from '@proximadb/record/parse-json';
import type { OperationName } from '@proximadb/schemas';
import { methodRows } from '@proximadb/schemas/table';
import { cancelled, serverTimeoutMs, withRetries, type OneCall, type RetryOptions } from '@proximadb/transport/retries';
import { Servers } from '@proximadb/transport/servers';
import type { AnswerOf, AskedOf, Encoder, Wire } from '../core/wire.ts';
import { answerFromJson } from './answers.ts';
import { jsonEncoder } from './encoder.ts';
import { bodyOf, type Fields } from './requests.ts';

export interface RestOptions extends RetryOptions {
  /** Sent with every request: of a proxy that asks who comes, say. */
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the runtime's. */
  readonly fetch?: typeof globalThis.fetch;
}

/** How long the server's own answer to a call that ran out of time is waited for. */
const lateMs = 50;

const rows = new Map(methodRows.map((row) => [row.name.charAt(0).toLowerCase() + row.name.slice(1), row]));

export class RestWire implements Wire {
  readonly #servers: Servers<string>;
  readonly #options: RestOptions;
  readonly #fetch: typeof globalThis.fetch;
  readonly #closed = new AbortController();

  constructor(addresses: string, options: RestOptions) {
    this.#servers = new Servers(addresses, (address) => address.replace(/\/+$/, ''));
    this.#options = options;
    // Called as a method of anything else, a browser's refuses.
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  }

  encoder(): Promise<Encoder> {
    return Promise.resolve(jsonEncoder);
  }

  async call<O extends OperationName>(operation: O, request: AskedOf<O>, call: OneCall): Promise<AnswerOf<O>> {
    const row = rows.get(operation);
    assert(row !== undefined && row.http !== null, 'every operation has a route');
    const { method, path } = row.http;
    const answer = await withRetries(row, request, call, this.#options, async (each, endMs) => {
      const leftMs = endMs - performance.now();
      const fields = each as Fields;
      const body = method === 'GET' || method === 'DELETE' ? undefined : bodyOf(row.requestName, fields, serverTimeoutMs(leftMs));
      const url = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(fields[name])));
      return answerFromJson(row.responseName, objectOf(await this.#exchange(method, url, body, leftMs + lateMs, call.signal)));
    });
    return answer as AnswerOf<O>;
  }

  async ready({ signal, timeoutMs = this.#options.timeoutMs ?? 60_000 }: OneCall): Promise<boolean> {
    try {
      return objectOf(await this.#exchange('GET', '/health/ready', undefined, timeoutMs, signal)).get('ready') === true;
    } catch (thrown) {
      if (thrown instanceof NotReady) return false;
      throw thrown;
    }
  }

  close(): void {
    this.#closed.abort(new AppError('CANCELLED', 'the client was closed'));
  }

  /** One request to the server that is used at the moment. @returns the text of its answer. */
  async #exchange(method: string, path: string, body: string | undefined, timeoutMs: number, signal: AbortSignal | undefined): Promise<string> {
    const server = this.#servers.current;
    const stop = this.#stopping(timeoutMs, signal);
    try {
      const headers = { ...this.#options.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
      const response = await this.#fetch(`${server}${path}`, { method, headers, signal: stop.signal, ...(body === undefined ? {} : { body }) });
      const text = await response.text();
      if (!response.ok) throw errorOf(response, text);
      return text;
    } catch (thrown) {
      const error = stop.signal.aborted ? stop.signal.reason as AppError : failureOf(thrown, server);
      if (error instanceof AppError && error.code === 'UNAVAILABLE') this.#servers.leave(server);
      throw error;
    } finally {
      stop.end();
    }
  }

  /** Aborts with the error that the call ends with: at its time, when its caller gives it up, or the client is closed. */
  #stopping(timeoutMs: number, signal: AbortSignal | undefined): { readonly signal: AbortSignal; end(): void } {
    const stop = new AbortController();
    const late = setTimeout(() => { stop.abort(new AppError('DEADLINE_EXCEEDED', `no answer came within ${Math.round(timeoutMs)} ms`)); }, timeoutMs);
    const cancel = (): void => { if (signal !== undefined) stop.abort(cancelled(signal)); };
    const close = (): void => { stop.abort(this.#closed.signal.reason); };
    if (signal?.aborted === true) cancel();
    if (this.#closed.signal.aborted) close();
    signal?.addEventListener('abort', cancel, { once: true });
    this.#closed.signal.addEventListener('abort', close, { once: true });
    return {
      signal: stop.signal,
      end: () => {
        clearTimeout(late);
        signal?.removeEventListener('abort', cancel);
        this.#closed.signal.removeEventListener('abort', close);
      },
    };
  }
}

/** A connection that cannot be made, or breaks; of a browser also an answer that the page may not read. */
function failureOf(thrown: unknown, server: string): unknown {
  if (!(thrown instanceof TypeError)) return thrown;
  const reason = thrown.cause instanceof Error ? thrown.cause.message : thrown.message;
  return new AppError('UNAVAILABLE', `${server} cannot be reached: ${reason}`, { cause: thrown });
}

/** The server's answer to whether it is ready, which says no. */
class NotReady extends AppError {}

function errorOf(response: Response, text: string): AppError {
  const body = bodyOfError(text);
  if (body !== undefined) return fromPlainError(body);
  if (response.status === 503 && text.startsWith('{"ready":false')) return new NotReady('UNAVAILABLE', 'the server is not ready');
  // Of a proxy between us and the server.
  const seconds = Number(response.headers.get('retry-after') ?? NaN);
  const retry = Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {};
  return new AppError(codes[response.status] ?? 'INTERNAL', `HTTP ${response.status}: ${text.slice(0, 200)}`, retry);
}

const codes: Readonly<Record<number, Code>> = {
  400: 'INVALID_ARGUMENT', 401: 'UNAUTHENTICATED', 403: 'PERMISSION_DENIED', 404: 'NOT_FOUND', 408: 'UNAVAILABLE', 413: 'RESOURCE_EXHAUSTED',
  429: 'RESOURCE_EXHAUSTED', 502: 'UNAVAILABLE', 503: 'UNAVAILABLE', 504: 'UNAVAILABLE',
};

function bodyOfError(text: string): Parameters<typeof fromPlainError>[0] | undefined {
  try {
    const { error } = JSON.parse(text) as { readonly error?: Partial<Parameters<typeof fromPlainError>[0]> };
    if (typeof error?.code !== 'string') return undefined;
    const { code, message = '', details = [], retryAfterMs = null, token = null } = error;
    return { code, message, details: details.map(({ record = null, field = null, reason }) => ({ record, field, reason })), retryAfterMs, token };
  } catch {
    return undefined;
  }
}

function objectOf(text: string): JsonObject {
  const json = parseJson(text);
  if (!isJsonObject(json)) throw new AppError('INTERNAL', `an answer is no JSON object: ${text.slice(0, 200)}`);
  return json;
}
