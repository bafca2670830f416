import { AppError } from '@proximadb/errors';
import { AppendError } from '../append-error.ts';
import { closedTopic } from '../closed-topic.ts';
import type { Fate, Offset } from '../port.ts';
import type { AppendAnswer, AppendFrame, Refusal } from './messages.ts';
import type { Outcome } from './writer-thread.ts';

/** Transactions on their way to the disk: while one is flushed the next is already with the writer, and what comes meanwhile makes the one after. */
const GROUPS_IN_FLIGHT_MAX = 2;
/** A transaction takes no more requests once it has this much. */
const GROUP_BYTES_MAX = 8 * 1024 * 1024;
const RETRY_MS = { least: 5, most: 5_000 } as const;

export interface QueueLimits {
  readonly queueBytesMax: number;
  readonly queueEntriesMax: number;
}

interface Waiting {
  readonly topic: string;
  readonly frame: AppendFrame;
  readonly resolve: (offsets: Offset[]) => void;
  readonly reject: (error: Error) => void;
  readonly unlisten: () => void;
}

export type SendGroup = (frames: readonly AppendFrame[]) => Promise<Outcome<AppendAnswer>>;

/**
 * Group commit: requests that wait become one transaction, in their order. Counts what waits and what is on its way, and refuses
 * more than the limits allow.
 */
export class AppendQueue {
  readonly #send: SendGroup;
  readonly #limits: QueueLimits;
  readonly #waiting: Waiting[] = [];
  #groupsInFlight = 0;
  #startSoon = false;
  #bytes = 0;
  #entries = 0;
  /** Of late, for the time to come back. */
  #bytesPerMs = 20_000;
  #idle: (() => void) | undefined;

  constructor(send: SendGroup, limits: QueueLimits) {
    this.#send = send;
    this.#limits = limits;
  }

  /** @throws AppError RESOURCE_EXHAUSTED: with a time to come back if others are before it, without if it is too large ever to fit. */
  admit(bytes: number, entries: number): void {
    const { queueBytesMax, queueEntriesMax } = this.#limits;
    if (bytes > queueBytesMax || entries > queueEntriesMax) {
      throw new AppError('RESOURCE_EXHAUSTED', `a request of ${entries} records and ${bytes} bytes; ${queueEntriesMax} and ${queueBytesMax} are the most`);
    }
    if (this.#bytes + bytes <= queueBytesMax && this.#entries + entries <= queueEntriesMax) return;
    const retryAfterMs = Math.min(RETRY_MS.most, Math.max(RETRY_MS.least, Math.ceil(this.#bytes / this.#bytesPerMs)));
    throw new AppError('RESOURCE_EXHAUSTED', `${this.#entries} records of ${this.#bytes} bytes wait to be written to the log`, { retryAfterMs });
  }

  /** Settles when the request is on the disk. An aborted one is taken out as long as it waits; after that its fate is unknown. */
  push(topic: string, frame: AppendFrame, signal: AbortSignal | undefined): Promise<Offset[]> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => { this.#abort(request, signal?.reason); };
      const request: Waiting = { topic, frame, resolve, reject, unlisten: () => signal?.removeEventListener('abort', onAbort) };
      signal?.addEventListener('abort', onAbort);
      this.#count(request.frame, 1);
      this.#waiting.push(request);
      if (this.#startSoon) return;
      // What is appended in the same turn goes together.
      this.#startSoon = true;
      queueMicrotask(() => {
        this.#startSoon = false;
        this.#start();
      });
    });
  }

  #count(frame: AppendFrame, sign: 1 | -1, bytes = frame.frame.length): void {
    this.#bytes += sign * bytes;
    this.#entries += sign * frame.entries;
  }

  #abort(request: Waiting, reason: unknown): void {
    request.unlisten();
    const at = this.#waiting.indexOf(request);
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      this.#count(request.frame, -1);
      request.reject(new AppError('CANCELLED', 'the append was cancelled before it began', { cause: reason }));
      this.#settleIdle();
    } else request.reject(new AppendError('the append was cancelled while it was written', fates(request, 'unknown'), reason));
  }

  #start(): void {
    while (this.#waiting.length > 0 && this.#groupsInFlight < GROUPS_IN_FLIGHT_MAX) {
      let bytes = 0;
      let requests = 0;
      for (const request of this.#waiting) {
        bytes += request.frame.frame.length;
        if (requests > 0 && bytes > GROUP_BYTES_MAX) break;
        requests += 1;
      }
      this.#groupsInFlight += 1;
      void this.#write(this.#waiting.splice(0, requests));
    }
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    const started = performance.now();
    // The buffers go to the writer's thread and are empty afterwards.
    const sizes = group.map((request) => request.frame.frame.length);
    const outcome = await this.#send(group.map((request) => request.frame));
    let bytes = 0;
    group.forEach((request, at) => {
      bytes += sizes[at] ?? 0;
      this.#count(request.frame, -1, sizes[at] ?? 0);
      request.unlisten();
      if (outcome.kind === 'refusal') request.reject(refused(request, outcome.refusal));
      else {
        const offsets = outcome.answer[at];
        if (offsets === 'closed') request.reject(closedTopic(request.topic));
        else if (offsets === undefined || offsets === 'gone') request.reject(new AppError('NOT_FOUND', `there is no topic ${request.topic}`));
        else request.resolve(Array.from(offsets) as Offset[]);
      }
    });
    this.#bytesPerMs = 0.8 * this.#bytesPerMs + 0.2 * (bytes / Math.max(0.1, performance.now() - started));
    this.#groupsInFlight -= 1;
    this.#start();
    this.#settleIdle();
  }

  #settleIdle(): void {
    if (this.#waiting.length === 0 && this.#groupsInFlight === 0) this.#idle?.();
  }

  /** Settles when nothing waits and nothing is on its way; call it once, after the last push. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle = resolve;
      this.#settleIdle();
    });
  }
}

function refused(request: Waiting, refusal: Refusal): Error {
  switch (refusal.kind) {
    case 'refused': return new AppError(refusal.code, refusal.message, { details: refusal.details });
    case 'failed': return new AppendError(refusal.message, fates(request, 'not_written'));
    case 'broken': return new AppendError(`the log cannot be written until it is opened again: ${refusal.message}`, fates(request, 'unknown'));
  }
}

function fates(request: Waiting, kind: 'unknown' | 'not_written'): Fate[] {
  return Array.from({ length: request.frame.entries }, () => ({ kind }));
}
