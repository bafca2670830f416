/** An indexer as a query service sees it: connected when it is needed, left alone for a while when it breaks. */
import { AppError } from '@proximadb/errors';
import type { Logger } from '@proximadb/process';
import type { RemoteConfig } from './config.ts';
import { Connection, type Answer, type CallBody } from './connection.ts';
import { LatencyWindow } from './latency.ts';

/**
 * - `good`: calls go there.
 * - `quiet`: it answers none of its calls; asked last of those that are there.
 * - `bad`: its connection broke, it stops, or it has all the calls that it may have; asked if there is nobody else.
 */
export type Health = 'good' | 'quiet' | 'bad';

type LinkState =
  /** Entry: at first, and when nobody used the connection for a while. The next call connects. */
  | { readonly kind: 'idle' }
  /**
   * Entry: connected (`reached`), or on the way to it. `trial`: after a break, until the other side is there; no call goes there that can go elsewhere.
   */
  | { readonly kind: 'open'; readonly connection: Connection; readonly reached: boolean; readonly trial: boolean }
  /**
   * Entry: the connection broke, or the indexer said that it stops. It is tried again when somebody would call it after `untilMs`, or when
   * somebody who has nobody else to call does so after `forcedMs`.
   */
  | { readonly kind: 'broken'; readonly untilMs: number; readonly forcedMs: number }
  /** Entry: closed by its owner. */
  | { readonly kind: 'closed' };

/** Between two tries to connect where nobody else is left: it may have come back just now. */
const forcedMs = 20;

export interface LinkOptions {
  /** host:port. */
  readonly address: string;
  readonly config: RemoteConfig;
  readonly logger: Logger;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
}

export class Link {
  readonly address: string;
  readonly #options: LinkOptions;
  readonly #latencies = new Map<string, LatencyWindow>();
  /** Of indexers that stop: they answer what is under way. */
  readonly #leaving = new Set<Connection>();
  #state: LinkState = { kind: 'idle' };
  #failures = 0;
  #incarnation: string | undefined;
  #usedMs = performance.now();

  constructor(options: LinkOptions) {
    this.address = options.address;
    this.#options = options;
  }

  /** Calls under way. */
  get calls(): number {
    return this.#state.kind === 'open' ? this.#state.connection.calls : 0;
  }

  get connected(): boolean {
    return this.#state.kind === 'open';
  }

  get health(): Health {
    const { config } = this.#options;
    switch (this.#state.kind) {
      case 'idle': return 'good';
      case 'broken': case 'closed': return 'bad';
      case 'open': {
        const { connection, trial } = this.#state;
        if (trial || connection.calls >= config.callsMax) return 'bad';
        return connection.quietMs > config.quietMs ? 'quiet' : 'good';
      }
    }
  }

  /** When a call of this kind is slow. */
  slowMs(kind: string): number {
    const { hedgeMsMin, hedgeMsStart } = this.#options.config;
    return Math.max(hedgeMsMin, this.#latencies.get(kind)?.p95Ms ?? hedgeMsStart);
  }

  /** How long a call took, or that it was given up after so long. */
  took(kind: string, ms: number): void {
    const window = this.#latencies.get(kind) ?? new LatencyWindow();
    window.add(ms);
    this.#latencies.set(kind, window);
  }

  /**
   * @throws AppError as the indexer threw it; UNAVAILABLE if it cannot be reached, RESOURCE_EXHAUSTED if it has all the calls that it may
   *   have; the signal's reason.
   */
  async call(body: CallBody, signal: AbortSignal): Promise<Answer> {
    this.#usedMs = performance.now();
    const { callsMax, backoffMs } = this.#options.config;
    const connection = this.#connection();
    if (connection.calls >= callsMax) {
      throw new AppError('RESOURCE_EXHAUSTED', `${callsMax} calls to indexer ${this.address} are under way`, { retryAfterMs: backoffMs });
    }
    return connection.call(body, signal);
  }

  /**
   * Says which process is at the address, as last heard. If it is another one than before, what was tried before says nothing about it: a broken connection is
   * made anew at once, one that is being made may be on its way to a host that has gone.
   */
  meet(incarnation: string): void {
    const isOther = this.#incarnation !== undefined && this.#incarnation !== incarnation;
    this.#incarnation = incarnation;
    if (!isOther) return;
    const state = this.#state;
    if (state.kind === 'broken') this.#open(true);
    if (state.kind !== 'open' || state.reached) return;
    this.#open(true);
    state.connection.close(new AppError('UNAVAILABLE', `indexer ${this.address}: another process has taken its place`));
  }

  /** Connects anew after a break, once it was left alone for long enough: whoever would call it soon does so. */
  revive(): void {
    if (this.#state.kind === 'broken' && performance.now() >= this.#state.untilMs) this.#open(true);
  }

  /** Closes a connection that nobody used for a while. */
  closeIfUnused(): void {
    if (this.#state.kind !== 'open' || this.#state.connection.calls > 0) return;
    if (performance.now() - this.#usedMs < this.#options.config.idleMsMax) return;
    const { connection } = this.#state;
    this.#state = { kind: 'idle' };
    connection.close(new AppError('UNAVAILABLE', 'the connection was not used'));
  }

  /** Nothing would be lost if it were made anew: no connection, nothing to wait for, and nobody asked for a long time. */
  get isForgotten(): boolean {
    if (this.#state.kind === 'open' || this.#leaving.size > 0) return false;
    return performance.now() - this.#usedMs > this.#options.config.idleMsMax + this.#options.config.backoffMsMax;
  }

  close(): void {
    const reason = new AppError('UNAVAILABLE', 'the calls to indexers are closed');
    const connections = [...this.#leaving, ...(this.#state.kind === 'open' ? [this.#state.connection] : [])];
    this.#state = { kind: 'closed' };
    for (const connection of connections) connection.close(reason);
  }

  #connection(): Connection {
    switch (this.#state.kind) {
      case 'open': return this.#state.connection;
      case 'idle': return this.#open(false);
      case 'broken':
        if (performance.now() >= this.#state.forcedMs) return this.#open(true);
        throw new AppError('UNAVAILABLE', `indexer ${this.address} cannot be reached`, { retryAfterMs: this.#state.forcedMs - performance.now() });
      case 'closed': throw new AppError('UNAVAILABLE', 'the calls to indexers are closed');
    }
  }

  #open(trial: boolean): Connection {
    const { config, logger } = this.#options;
    const incarnation = this.#incarnation;
    const connection: Connection = new Connection({
      address: this.address, config,
      onReady: () => {
        if (this.#failures > 0) logger.info('indexer-reached', { address: this.address });
        this.#failures = 0;
        if (this.#isCurrent(connection)) this.#state = { kind: 'open', connection, reached: true, trial: false };
      },
      onDraining: () => {
        if (!this.#isCurrent(connection)) return;
        this.#leaving.add(connection);
        this.#leaveAlone();
      },
      onEnd: (error) => {
        this.#leaving.delete(connection);
        if (!this.#isCurrent(connection)) return;
        if (this.#failures === 0) logger.warn('indexer-lost', { address: this.address, error });
        this.#failures += 1;
        // What has ended was the way to the process before.
        if (incarnation === this.#incarnation) this.#leaveAlone();
        else this.#open(true);
      },
    });
    this.#state = { kind: 'open', connection, reached: false, trial };
    return connection;
  }

  #isCurrent(connection: Connection): boolean {
    return this.#state.kind === 'open' && this.#state.connection === connection;
  }

  #leaveAlone(): void {
    const { config: { backoffMs, backoffMsMax }, random } = this.#options;
    const ms = Math.min(backoffMs * 2 ** Math.max(0, this.#failures - 1), backoffMsMax);
    const nowMs = performance.now();
    this.#state = { kind: 'broken', untilMs: nowMs + ms * (0.5 + random() / 2), forcedMs: nowMs + Math.min(forcedMs, ms) };
  }
}
