/**
 * One question to all the partitions that it concerns: an indexer each part of them, another replica where one fails or is slow, and one
 * answer in the end.
 */
import { AppError, toAppError } from '@proximadb/errors';
import { branchOf } from '@proximadb/process';
import type { MissingPartition, PartitionAt } from '../shards.ts';
import type { RemoteConfig } from './config.ts';
import type { HedgeBudget } from './latency.ts';
import type { Link } from './link.ts';
import type { RemoteMetrics } from './metrics.ts';
import type { Part, Plan } from './plan.ts';
import type { Partial, Question } from './questions.ts';

export interface FanOutDependencies {
  readonly config: RemoteConfig;
  readonly budget: HedgeBudget;
  readonly metrics: RemoteMetrics;
  /** @param tried addresses that were asked already. */
  plan(log: number, at: readonly PartitionAt[], tried: ReadonlySet<string>): Plan;
  link(address: string): Link;
  /** Whether somebody takes the partition up, and nobody else is known. */
  isTakenUp(log: number, partition: number): boolean;
  /** Settles when the routing changed (true), or after so long; rejects with the signal's reason. */
  changed(ms: number, signal: AbortSignal): Promise<boolean>;
}

export interface FanOutRequest {
  readonly log: number;
  readonly at: readonly PartitionAt[];
  readonly timeoutMs: number;
  readonly allowPartial: boolean;
}

/** Where a set of partitions stands. */
interface Standing {
  /** Addresses that were asked, in this round. */
  readonly tried: ReadonlySet<string>;
  /** Rounds over all replicas that are over. */
  readonly round: number;
  /** The same with those that began anew because the routing changed. */
  readonly begun: number;
  /** Why the last one did not answer, by partition. */
  readonly why: ReadonlyMap<number, MissingPartition>;
  /** A second replica, asked because the first is slow: nobody is asked after it. */
  readonly hedge: boolean;
}

/** Rounds that a routing which changes all the time may bring. */
const begunMax = 20;
const unneeded = new AppError('CANCELLED', 'the answer is complete without it');

export class FanOut<A extends Partial> {
  readonly #question: Question<A>;
  readonly #request: FanOutRequest;
  readonly #dependencies: FanOutDependencies;
  readonly #startMs: number;
  readonly #endMs: number;

  constructor(question: Question<A>, request: FanOutRequest, dependencies: FanOutDependencies) {
    this.#question = question;
    this.#request = request;
    this.#dependencies = dependencies;
    this.#startMs = performance.now();
    this.#endMs = this.#startMs + request.timeoutMs;
  }

  /**
   * @throws AppError as a shard threw it; UNAVAILABLE if nobody answers for a partition; DEADLINE_EXCEEDED; RESOURCE_EXHAUSTED; the
   *   reason of the signal, if the caller has gone.
   */
  async run(caller: AbortSignal | undefined): Promise<A> {
    const { allowPartial, at, timeoutMs } = this.#request;
    const { config, metrics } = this.#dependencies;
    const all = new AbortController();
    const gone = (): void => {
      const reason = toAppError(caller?.reason);
      // A shard that is late says why; our own timer sees to it that it does not take long.
      if (reason.code !== 'DEADLINE_EXCEEDED') all.abort(reason);
    };
    const timer = setTimeout(() => { all.abort(new AppError('DEADLINE_EXCEEDED', `no answer within ${timeoutMs} ms`)); }, timeoutMs + config.lateMsMax);
    caller?.addEventListener('abort', gone, { once: true });
    if (caller?.aborted === true) gone();
    try {
      const answer = await this.#ask(at, { tried: new Set(), round: 0, begun: 0, why: new Map(), hedge: false }, all.signal);
      const [first] = answer.missing;
      if (first !== undefined && !allowPartial) throw new AppError(first.code, first.reason, { retryAfterMs: config.roundBackoffMs });
      if (first !== undefined) metrics.partial(this.#question.kind);
      return answer;
    } finally {
      clearTimeout(timer);
      caller?.removeEventListener('abort', gone);
      // Whoever is still asked need not go on.
      all.abort(unneeded);
    }
  }

  /** The answer for some partitions. What nobody answers is named in it. */
  async #ask(at: readonly PartitionAt[], standing: Standing, signal: AbortSignal): Promise<A> {
    const { parts, unserved } = this.#dependencies.plan(this.#request.log, at, standing.tried);
    const asked = parts.map((part) => this.#askPart(part, standing, signal));
    if (unserved.length > 0) asked.push(this.#again(unserved, standing, signal));
    return this.#merged(asked);
  }

  /** Answers are merged as they come, so that no more is held than one answer may have. */
  async #merged(asked: readonly Promise<A>[]): Promise<A> {
    const { answerBytesMax } = this.#dependencies.config;
    let whole: A | undefined;
    await Promise.all(asked.map(async (each) => {
      const answer = await each;
      whole = whole === undefined ? answer : this.#question.merge(whole, answer);
      if (this.#question.bytes(whole) <= answerBytesMax) return;
      throw new AppError('RESOURCE_EXHAUSTED', `the answer has more than ${answerBytesMax} bytes of records: ask for less`);
    }));
    return whole ?? this.#question.nothing;
  }

  /** All replicas were tried, or nobody is known. */
  async #again(at: readonly PartitionAt[], standing: Standing, signal: AbortSignal): Promise<A> {
    const { config, metrics } = this.#dependencies;
    const { round, begun, why, hedge } = standing;
    const waitMs = config.roundBackoffMs * 2 ** Math.min(round, 3);
    // A collection that was just made has indexers in a moment: where nobody was asked at all, or only who takes a partition up, somebody may come.
    const { log, allowPartial } = this.#request;
    const nobodyYet = !allowPartial && at.every(({ partition }) => !why.has(partition) || this.#dependencies.isTakenUp(log, partition));
    const tired = round + 1 >= (allowPartial ? 1 : config.roundsMax) || begun >= begunMax;
    const over = nobodyYet ? performance.now() - this.#startMs >= config.unservedMsMax : tired;
    if (hedge || over || performance.now() + waitMs >= this.#endMs) return this.#without(at, why);
    const changed = await this.#dependencies.changed(waitMs, signal);
    metrics.retried(this.#question.kind);
    return this.#ask(at, { tried: new Set(), round: changed ? round : round + 1, begun: begun + 1, why, hedge }, signal);
  }

  #without(at: readonly PartitionAt[], why: ReadonlyMap<number, MissingPartition>): A {
    const missing = at.map(({ partition }): MissingPartition => why.get(partition)
      ?? { partition, code: 'UNAVAILABLE', reason: `nobody is known to serve partition ${partition} of log ${this.#request.log}` });
    return { ...this.#question.nothing, missing };
  }

  async #askPart(part: Part, standing: Standing, signal: AbortSignal): Promise<A> {
    const answer = standing.hedge ? await this.#call(part, signal) : await this.#callHedged(part, standing, signal);
    const lost = answer.missing.filter(({ code }) => code === 'UNAVAILABLE');
    const behind = answer.missing.find(({ code }) => code === 'DEADLINE_EXCEEDED');
    // Nothing that others say can make the answer whole.
    if (behind !== undefined && !this.#request.allowPartial) throw new AppError(behind.code, behind.reason);
    if (lost.length === 0 || standing.hedge) return answer;
    this.#dependencies.metrics.retried(this.#question.kind);
    const tried = new Set([...standing.tried, part.address]);
    const why = new Map([...standing.why, ...lost.map((one) => [one.partition, one] as const)]);
    const rest = part.at.filter(({ partition }) => lost.some((one) => one.partition === partition));
    const others = await this.#ask(rest, { ...standing, tried, why }, signal);
    return this.#question.merge({ ...answer, missing: answer.missing.filter((one) => !lost.includes(one)) }, others);
  }

  /** A call to an indexer, and if that is slow, one to another replica: the first whole answer counts. */
  async #callHedged(part: Part, standing: Standing, signal: AbortSignal): Promise<A> {
    const { budget, metrics, config } = this.#dependencies;
    const { kind } = this.#question;
    const link = this.#dependencies.link(part.address);
    const [first, second] = [branchOf(signal), branchOf(signal)];
    const hedge = Promise.withResolvers<A>();
    const startedMs = performance.now();
    /** The second replica's answer; null if it is none, or not whole. */
    const other: { answer?: Promise<A | null> } = {};
    const slow = (): void => {
      const parts = this.#hedgeParts(part, standing, link);
      if (parts === null) {
        timer = setTimeout(slow, config.quietMs);
        return;
      }
      const asked = { ...standing, tried: new Set([...standing.tried, part.address]), hedge: true };
      const answered = this.#merged(parts.map((each) => this.#askPart(each, asked, second.signal)));
      other.answer = answered.then((answer) => (answer.missing.length === 0 ? answer : null), () => null);
      void other.answer.then((answer) => { if (answer !== null) hedge.resolve(answer); });
    };
    budget.earn();
    let timer = setTimeout(slow, link.slowMs(kind));
    try {
      const own = this.#call(part, first.signal);
      const winner = await Promise.race([own.then((answer) => ({ answer, own: true })), hedge.promise.then((answer) => ({ answer, own: false }))]);
      // What the first does not have the second may have.
      const better = winner.own && winner.answer.missing.length > 0 ? await other.answer ?? null : null;
      if (!winner.own) link.took(kind, performance.now() - startedMs);
      if (other.answer !== undefined) metrics.hedged(kind, winner.own && better === null ? 'lost' : 'won');
      return better ?? winner.answer;
    } finally {
      clearTimeout(timer);
      first.end(unneeded);
      second.end(unneeded);
    }
  }

  /** Who is asked in the place of a slow indexer: replicas that are ready and in good shape, for all of its partitions; null: nobody. */
  #hedgeParts(part: Part, standing: Standing, link: Link): readonly Part[] | null {
    const { parts, unserved } = this.#dependencies.plan(this.#request.log, part.at, new Set([...standing.tried, part.address]));
    if (unserved.length > 0 || parts.some(({ good }) => !good)) return null;
    // One that answers nobody is as good as gone: that is no question of a budget.
    return link.health !== 'good' || this.#dependencies.budget.spend(parts.length) ? parts : null;
  }

  /** A fault that is the indexer's, or the time's, is one of each of its partitions. */
  async #call(part: Part, signal: AbortSignal): Promise<A> {
    const { log, timeoutMs } = this.#request;
    const { metrics } = this.#dependencies;
    const { kind } = this.#question;
    const link = this.#dependencies.link(part.address);
    const startedMs = performance.now();
    let code = 'OK';
    try {
      const leftMs = Math.max(1, Math.floor(this.#endMs - startedMs));
      const answer = await link.call({ log, at: part.at, timeoutMs: leftMs, allowPartial: true, call: this.#question.callFor(part.at) }, signal);
      link.took(kind, performance.now() - startedMs);
      return this.#question.read(answer, part.at);
    } catch (thrown) {
      const error = toAppError(thrown);
      ({ code } = error);
      if (error.code !== 'UNAVAILABLE' && error.code !== 'DEADLINE_EXCEEDED') throw error;
      const reason = error === signal.reason ? `indexer ${part.address} gave no answer within ${timeoutMs} ms` : error.message;
      const missing = part.at.map(({ partition }): MissingPartition =>
        ({ partition, code: error.code === 'UNAVAILABLE' ? error.code : 'DEADLINE_EXCEEDED', reason }));
      return { ...this.#question.nothing, missing };
    } finally {
      metrics.called(kind, code, performance.now() - startedMs);
    }
  }
}
