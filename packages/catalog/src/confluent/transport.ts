import { AppError } from '@proximadb/errors';
import { setTimeout as delay } from 'node:timers/promises';
import type { RegistryAddress } from './addresses.ts';
import { meaningOf, NoAnswer } from './answers.ts';
import { AnswerTooLarge, exchange, type Answer, type Question, type RegistryTls } from './exchange.ts';

export interface TransportOptions {
  readonly addresses: readonly [RegistryAddress, ...RegistryAddress[]];
  readonly tls: RegistryTls | undefined;
  /** How often each address is tried. */
  readonly roundsMax: number;
  /** Pause after the first round; after each other twice the one before. */
  readonly pauseMs: number;
  /** Questions under way at once. */
  readonly questionsMax: number;
}

/** Asks a registry at its addresses in turn, the one that answered last first. All that is asked may be asked twice. */
export class RegistryTransport {
  readonly #options: TransportOptions;
  #first = 0;
  #underWay = 0;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /**
   * @param deadlineMs - of the monotonic clock (`performance.now()`)
   * @returns the answer's JSON
   * @throws AppError UNAVAILABLE if none answered in time; RESOURCE_EXHAUSTED past `questionsMax`, or without a time to come back if the answer
   *   is too large; RegistryKnowsNone and AppError as {@link meaningOf}
   */
  async ask(question: Question, deadlineMs: number): Promise<unknown> {
    if (this.#underWay >= this.#options.questionsMax) {
      throw new AppError('RESOURCE_EXHAUSTED', 'too many questions to the schema registry are under way', { retryAfterMs: 1_000 });
    }
    this.#underWay++;
    try {
      return await this.#askInRounds(question, deadlineMs);
    } finally {
      this.#underWay--;
    }
  }

  async #askInRounds(question: Question, deadlineMs: number): Promise<unknown> {
    const { addresses, roundsMax, pauseMs } = this.#options;
    const faults = new Map<string, NoAnswer>();
    for (let round = 0; round < roundsMax; round++) {
      if (round > 0) await delay(Math.min(pauseMs * 2 ** (round - 1), Math.max(deadlineMs - performance.now(), 0)));
      const first = this.#first;
      for (let turn = 0; turn < addresses.length; turn++) {
        const place = (first + turn) % addresses.length;
        const address = addresses[place] ?? addresses[0];
        const remainingMs = deadlineMs - performance.now();
        if (remainingMs <= 0) throw unavailable(addresses, faults);
        try {
          // One that is silent leaves the others their share of the time.
          return meaningOf(await this.#askAt(address, question, remainingMs / (addresses.length - turn)));
        } catch (thrown) {
          if (!(thrown instanceof NoAnswer)) throw thrown;
          faults.set(address.base, thrown);
          this.#first = (place + 1) % addresses.length;
        }
      }
    }
    throw unavailable(addresses, faults);
  }

  async #askAt(address: RegistryAddress, question: Question, timeoutMs: number): Promise<Answer> {
    const signal = AbortSignal.timeout(Math.max(Math.ceil(timeoutMs), 1));
    try {
      return await exchange(address, question, this.#options.tls, signal);
    } catch (cause) {
      if (cause instanceof AnswerTooLarge) throw new AppError('RESOURCE_EXHAUSTED', `the schema registry sends ${cause.message}`, { cause });
      const reason = signal.aborted ? `does not answer within ${Math.ceil(timeoutMs)} ms` : `does not answer: ${reasonOf(cause)}`;
      throw new NoAnswer(reason, undefined, cause);
    }
  }
}

/** A host with several addresses fails with an error for each, which has no message of its own. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(reasonOf).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}

function unavailable(addresses: readonly RegistryAddress[], faults: ReadonlyMap<string, NoAnswer>): AppError {
  const parts = addresses.map(({ base }) => `${base} ${faults.get(base)?.message ?? 'was not asked in time'}`);
  const waits = [...faults.values()].flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  return new AppError('UNAVAILABLE', `the schema registry is not available: ${parts.join('; ')}`, {
    cause: [...faults.values()].at(-1), ...(waits.length > 0 ? { retryAfterMs: Math.min(...waits) } : {}),
  });
}
