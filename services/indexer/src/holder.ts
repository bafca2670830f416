/**
 * Which partitions this indexer holds: what placement gives it is restored and consumed, what placement takes away is served until
 * another member of its group is ready. Two owners of a partition do no harm, so all of this may be late, or wrong for a while.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Catalog, Change, Collection } from '@proximadb/catalog';
import type { Coordination, Holding, Member } from '@proximadb/coordination';
import { AppError, toAppError } from '@proximadb/errors';
import type { Log } from '@proximadb/log';
import { untilNext, type Logger } from '@proximadb/process';
import { manifestFile, readManifest } from '@proximadb/segment';
import type { Assignment, Position } from './host.ts';
import { decide, isDispensable, partitionKey, type Leaving, type PlacementMember } from './placement.ts';

/** The shards of this process. */
export interface HeldShards {
  assign(assignment: Assignment): Promise<void>;
  release(log: number, partition: number): Promise<void>;
  /** Lets go of all partitions of a log and deletes their files. */
  erase(log: number): Promise<void>;
  positions(): Promise<Position[]>;
}

/** Where a partition that is new here, or whose files are lost, gets what it missed. */
export interface Restorer {
  /**
   * Puts the newest snapshot into a shard's folder, which must not be there.
   * @returns what it covers; undefined if there is no snapshot.
   * @throws AppError UNAVAILABLE if the blob store does not answer.
   */
  restore(log: number, partition: number, directory: string): Promise<{ readonly watermark: number } | undefined>;
  /** Deletes all snapshots of a log. */
  erase(log: number): Promise<void>;
}

export interface HolderOptions {
  /** A shard lives in `<directory>/<log number>/<partition>`. */
  readonly directory: string;
  readonly memberId: string;
  /** Replica group: each group holds every partition once. */
  readonly group: number;
  readonly shards: HeldShards;
  readonly restorer: Restorer;
  readonly catalog: Pick<Catalog, 'onChange' | 'byLog' | 'erased'>;
  readonly coordination: Coordination;
  readonly log: Pick<Log, 'clusterId' | 'extents'>;
  /** How long a partition is answered for after the others were told that it is being left. */
  readonly noticeMs: number;
  /**
   * How long others must have answered for all that is held here until one that is told to stop goes: longer than a member that has died is taken for
   * alive, and readers need to find those that have just come.
   */
  readonly reliefMs: number;
  /** Partitions that are restored at once. */
  readonly restoresMax: number;
  /** Time after the start in which only what lies on this disk is taken: the others may be starting, too. */
  readonly settleMs: number;
  /** Between two looks at who lives and how far the shards are; four times as long while nothing is under way. */
  readonly lookMs: number;
  /** Monotonic, ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}

type Held =
  /** Entry: placed here. Its files are being restored. Serves nobody. `ended`: it is given to the shards, or it failed; never rejects. */
  | { readonly kind: 'restoring'; readonly ended: Promise<void> }
  /** Entry: given to the shards, which replay or serve it. */
  | { readonly kind: 'assigned' }
  /** Entry: placed at another member, or this one departs, and the others were told. Serves until somebody else is ready. */
  | { readonly kind: 'leaving'; readonly sinceMs: number; readonly watermark: number }
  /** Entry: the other one is ready, or the collection is deleted. Its files are being closed. Serves nobody. */
  | { readonly kind: 'releasing' };

/** A stopped shard is restored again at most so often: what stops it may be in the log. */
const healAgainMs = 10 * 60_000;
/** So short a log is applied from its beginning in no time. */
const newLogRecordsMax = 65_536;
/** Looks of which one is left while nothing is under way: each wakes a process that may have nothing else to do. */
const quietLooks = 4;
/** Others hear of a deleted collection a moment later; a topic that goes before would stop their shards with a complaint. */
const eraseAfterMs = 1_000;
const eraseAgainMsMax = 60_000;

export class Holder implements AsyncDisposable {
  readonly #options: HolderOptions;
  readonly #collections = new Map<number, Collection>();
  readonly #held = new Map<string, Held>();
  readonly #healedAtMs = new Map<string, number>();
  readonly #background = new Set<Promise<void>>();
  readonly #startedMs: number;
  #timer: NodeJS.Timeout | undefined;
  readonly #unlisten: readonly (() => void)[];
  #positions: readonly Position[] = [];
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #restores = 0;
  /** Whether the last look left nothing that is placed here for a later one; false until there was a look after settling. */
  #hasAll = false;
  /** Ends {@link depart}; undefined while this member means to stay. */
  #departed: (() => void) | undefined;
  /** Since when others answer for all that is held here, as far as was heard without a break; undefined: they do not. */
  #dispensableMs: number | undefined;
  /** Whether this member goes for certain: from then on nobody may count on it, however long it takes to close. */
  #isGoing = false;
  readonly #closing = new AbortController();

  constructor(options: HolderOptions) {
    this.#options = options;
    this.#startedMs = options.clock();
    this.#unlisten = [
      options.catalog.onChange((change) => { this.#follow(change); }),
      options.coordination.onChange(() => { this.look(); }),
    ];
    this.#planLook();
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Whether everything that is placed here has caught up once, or says why it cannot; not while nothing of it is served. */
  get ready(): boolean {
    const hasCaughtUp = this.#positions.every(({ state }) => state !== 'replaying');
    const servesSome = this.#positions.length === 0 || this.#positions.some(({ state }) => state === 'serving');
    return this.#hasAll && [...this.#held.values()].every(({ kind }) => kind !== 'restoring') && hasCaughtUp && servesSome;
  }

  /** As of the last look. */
  get positions(): readonly Position[] {
    return this.#positions;
  }

  /** Compares what is held with what should be, soon. One look at a time; never rejects. */
  look(): void {
    if (this.#closed) return;
    this.#lookAgain = true;
    this.#looking ??= this.#lookWhileAsked().finally(() => { this.#looking = undefined; });
  }

  /**
   * Tells the others that all that is held here is being left, and goes on serving it.
   * @returns once somebody else has answered for each partition that is answered for here for `reliefMs`, or nobody is left who would ask; at the latest
   * after `timeoutMs`, which is then what readers notice.
   */
  async depart(timeoutMs: number): Promise<void> {
    const { clock, logger } = this.#options;
    const startedMs = clock();
    const departed = new Promise<void>((resolve) => { this.#departed = resolve; });
    this.look();
    const done = new AbortController();
    const isInTime = await Promise.race([
      departed.then(() => true), delay(timeoutMs, false, { signal: AbortSignal.any([done.signal, this.#closing.signal]) }).catch(() => false),
    ]);
    done.abort();
    const waitedMs = Math.round(clock() - startedMs);
    if (this.#closed) return;
    if (isInTime) logger.info('departed', { waitedMs });
    else {
      const { connected } = this.#options.coordination;
      logger.warn('departed-unrelieved', { waitedMs, redis: connected, remedy: 'what no other replica is ready for is not answered now' });
    }
  }

  /** Ends placement; the shards stay as they are. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    for (const unlisten of this.#unlisten) unlisten();
    await this.#looking;
    await Promise.all(this.#background);
  }

  async #lookWhileAsked(): Promise<void> {
    while (this.#lookAgain && !this.#closed) {
      this.#lookAgain = false;
      try {
        await this.#look();
      } catch (error) {
        this.#options.logger.error('placement-failed', { error });
      }
    }
    this.#planLook();
  }

  #planLook(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => { this.look(); }, untilNext((this.#isQuiet ? quietLooks : 1) * this.#options.lookMs)).unref();
  }

  /** Whether nothing is under way. */
  get #isQuiet(): boolean {
    return this.ready && [...this.#held.values()].every(({ kind }) => kind === 'assigned');
  }

  async #look(): Promise<void> {
    const { shards, coordination } = this.#options;
    this.#positions = await shards.positions();
    this.#heal();
    coordination.announce(this.#holdings());
    if (this.#departed !== undefined) {
      this.#leaveAll(this.#departed);
      return;
    }
    const settled = this.#settled();
    const wanted = coordination.connected && settled ? this.#move() : this.#stay();
    this.#hasAll = settled && wanted.every((key) => this.#held.has(key));
    coordination.announce(this.#holdings());
  }

  /** Does what placement says. @returns what is placed here and was not held. */
  #move(): readonly string[] {
    const { memberId, noticeMs } = this.#options;
    const moves = decide(memberId, this.#group(), this.#partitions(), { noticeMs, leaving: (key) => this.#leavingOf(key) });
    this.#markLeaving(moves.markLeaving);
    for (const key of moves.reclaim) if (this.#held.get(key)?.kind === 'leaving') this.#held.set(key, { kind: 'assigned' });
    for (const key of moves.release) this.#release(key);
    for (const key of moves.acquire) this.#acquire(key);
    return moves.acquire;
  }

  /** Lets go of nothing: what stays open to the end is the last that a reader can turn to. */
  #leaveAll(departed: () => void): void {
    // Its files are being closed: nothing new is taken up.
    if (this.#isGoing) return;
    const { memberId, group, reliefMs, coordination, clock } = this.#options;
    const served = this.#positions.filter(({ state }) => state === 'serving').map(({ log, partition }) => partitionKey(log, partition));
    const untold = served.filter((key) => this.#held.get(key)?.kind === 'assigned');
    this.#markLeaving(untold);
    coordination.announce(this.#holdings());
    const others = coordination.members.filter(({ id }) => id !== memberId);
    const indexers = others.filter(({ kind }) => kind === 'indexer').map((other) => ({ ...toPlacement(other), group: other.group }));
    const isAsked = others.length > indexers.length;
    if (coordination.connected) this.#takeUpWhatNobodyHolds(others);
    const self = { ...toPlacement({ id: memberId, holdings: this.#holdings() }), group };
    const isHeard = coordination.connected && untold.length === 0;
    const isDone = isHeard && isDispensable(self, indexers, (key) => this.#leavingOf(key).watermark);
    this.#dispensableMs = isDone ? this.#dispensableMs ?? clock() : undefined;
    const isRelieved = clock() - (this.#dispensableMs ?? Infinity) >= reliefMs;
    if (!isRelieved && (isAsked || !coordination.connected)) return;
    this.#isGoing = true;
    coordination.announce(this.#holdings());
    departed();
  }

  /** Of a collection that was just made, as long as the others are away. */
  #takeUpWhatNobodyHolds(others: readonly Member[]): void {
    const announced = new Set(others.flatMap(({ holdings }) => holdings.map(({ log, partition }) => partitionKey(log, partition))));
    const { acquire } = decide(this.#options.memberId, this.#group(), this.#partitions(), { leaving: (key) => this.#leavingOf(key) });
    for (const key of acquire) if (!announced.has(key)) this.#acquire(key);
  }

  #leavingOf(key: string): Leaving {
    const held = this.#held.get(key);
    return held?.kind === 'leaving' ? { forMs: this.#options.clock() - held.sinceMs, watermark: held.watermark } : { forMs: 0, watermark: Infinity };
  }

  #markLeaving(keys: readonly string[]): void {
    const watermarks = new Map(this.#positions.map(({ log, partition, watermark }) => [partitionKey(log, partition), watermark]));
    const sinceMs = this.#options.clock();
    for (const key of keys) {
      if (this.#held.get(key)?.kind === 'assigned') this.#held.set(key, { kind: 'leaving', sinceMs, watermark: watermarks.get(key) ?? 0 });
    }
  }

  #beginNoticeAnew(): void {
    const sinceMs = this.#options.clock();
    for (const [key, held] of this.#held) if (held.kind === 'leaving') this.#held.set(key, { ...held, sinceMs });
  }

  /** While nobody can be told anything, or nobody is known yet, nobody lets go; what lies on this disk is taken all the same. */
  #stay(): readonly string[] {
    this.#beginNoticeAnew();
    const here = this.#partitions().filter((key) => existsSync(join(this.#folderOf(key), manifestFile)));
    for (const key of here) this.#acquire(key);
    return here;
  }

  /** The members of this group, this one as it knows itself. */
  #group(): PlacementMember[] {
    const { coordination, memberId, group } = this.#options;
    const others = coordination.members.filter(({ id, kind, group: theirs }) => kind === 'indexer' && theirs === group && id !== memberId);
    return [...others, { id: memberId, holdings: this.#holdings() }].map(toPlacement);
  }

  /** All there are. */
  #partitions(): string[] {
    return [...this.#collections.values()].flatMap(({ log, settings }) =>
      Array.from({ length: settings.partitions }, (_, partition) => partitionKey(log, partition)));
  }

  #settled(): boolean {
    return this.#options.clock() - this.#startedMs >= this.#options.settleMs;
  }

  #holdings(): Holding[] {
    if (this.#isGoing) return [];
    const positions = new Map(this.#positions.map((position) => [partitionKey(position.log, position.partition), position]));
    return [...this.#held].flatMap(([key, { kind }]): Holding[] => {
      if (kind === 'releasing') return [];
      const { log, partition } = parse(key);
      const position = positions.get(key);
      const serving = position?.state === 'serving';
      return [{ log, partition, watermark: position?.watermark ?? 0, state: kind === 'leaving' ? 'leaving' : serving ? 'ready' : 'building' }];
    });
  }

  #acquire(key: string): void {
    if (this.#held.has(key) || this.#restores >= this.#options.restoresMax) return;
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.#held.set(key, { kind: 'restoring', ended });
    this.#restores += 1;
    this.#run('acquire', key, async () => {
      try {
        await this.#assign(key);
        if (this.#held.get(key)?.kind === 'restoring') this.#held.set(key, { kind: 'assigned' });
      } catch (error) {
        this.#held.delete(key);
        throw error;
      } finally {
        this.#restores -= 1;
        end();
        this.look();
      }
    });
  }

  async #assign(key: string): Promise<void> {
    const { shards, log: source } = this.#options;
    const { log, partition } = parse(key);
    const collection = this.#collections.get(log);
    if (collection === undefined) return;
    const { topic, topicId, settings } = collection;
    const { start = 0, end = 0 } = (await source.extents(topic))[partition] ?? {};
    // It may be deleted meanwhile; who erases it waits until this is over.
    if (this.#collections.has(log)) await this.#prepare(key, { start, end });
    if (!this.#collections.has(log)) return;
    await shards.assign({ identity: { clusterId: source.clusterId, topic, topicId, log, partition }, partitions: settings.partitions, settings });
  }

  /** What is on this disk is good enough if the log goes on from it; else the newest snapshot takes its place. */
  async #prepare(key: string, { start, end }: { readonly start: number; readonly end: number }): Promise<void> {
    const { logger } = this.#options;
    const { log, partition } = parse(key);
    const folder = this.#folderOf(key);
    if (existsSync(folder)) {
      const local = await readManifest(folder).catch((error: unknown) => { logger.warn('local-shard-damaged', { log, partition, error }); });
      if (local !== undefined && local.watermark >= start) return;
      this.#moveAside(folder);
      await this.#restore(key, start);
      return;
    }
    try {
      await this.#restore(key, start);
    } catch (error) {
      // A new log has everything: it needs no snapshot, and its collection not to wait for the blob store. Not where data was here and is no more.
      if (start > 0 || end > newLogRecordsMax || this.#healedAtMs.has(key) || !toAppError(error).retryable) throw error;
      logger.warn('snapshots-away', { log, partition, error });
    }
  }

  async #restore(key: string, logStart: number): Promise<void> {
    const { restorer, logger } = this.#options;
    const { log, partition } = parse(key);
    const restored = await restorer.restore(log, partition, this.#folderOf(key));
    logger.info('shard-restored', { log, partition, watermark: restored?.watermark ?? 0, logStart });
  }

  /** Damaged files, and a log that was trimmed meanwhile, are mended by the newest snapshot. */
  #heal(): void {
    const { clock, logger, shards } = this.#options;
    for (const { log, partition, stopped } of this.#positions) {
      const key = partitionKey(log, partition);
      const mendable = stopped !== null && (stopped === 'DATA_LOSS' || stopped === 'OUT_OF_RANGE');
      if (!mendable || this.#held.get(key)?.kind !== 'assigned' || clock() - (this.#healedAtMs.get(key) ?? -Infinity) < healAgainMs) continue;
      this.#healedAtMs.set(key, clock());
      logger.warn('shard-heals', { log, partition, stopped });
      this.#held.set(key, { kind: 'releasing' });
      this.#run('heal', key, async () => {
        await shards.release(log, partition);
        this.#moveAside(this.#folderOf(key));
        this.#held.delete(key);
        this.look();
      });
    }
  }

  #release(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined || held.kind === 'restoring' || held.kind === 'releasing') return;
    const { log, partition } = parse(key);
    this.#held.set(key, { kind: 'releasing' });
    this.#run('release', key, async () => {
      try {
        await this.#options.shards.release(log, partition);
      } finally {
        this.#held.delete(key);
        this.look();
      }
    });
  }

  /** The catalog decides what there is. */
  #follow({ kind, collection }: Change): void {
    const { log } = collection;
    switch (kind) {
      case 'creating': case 'updated': return;
      case 'filling': case 'ready': case 'retired':
        this.#collections.set(log, collection);
        this.look();
        return;
      case 'deleted':
        this.#collections.delete(log);
        this.#run('erase', String(log), () => this.#erase(log));
        return;
      case 'erased':
        this.#collections.delete(log);
        this.#run('erase', String(log), () => this.#forget(log));
    }
  }

  /** Any indexer may do it, and any number of them. What is away is tried again, until this one is closed; then the next start does it. */
  async #erase(log: number): Promise<void> {
    const { restorer, catalog, logger } = this.#options;
    await this.#forget(log);
    for (let waitMs = eraseAfterMs; await this.#waited(waitMs); waitMs = Math.min(eraseAgainMsMax, 2 * waitMs)) {
      try {
        await restorer.erase(log);
        await catalog.erased(log);
        return;
      } catch (error) {
        if (!(error instanceof AppError && error.retryable)) throw error;
        logger.warn('erase-failed', { log, error });
      }
    }
  }

  /** @returns false if this one was closed meanwhile. */
  async #waited(ms: number): Promise<boolean> {
    await delay(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    return !this.#closed;
  }

  /** Nothing of a deleted log is taken up any more. What is being restored is waited for: it writes into the folders that go. */
  async #forget(log: number): Promise<void> {
    const held = [...this.#held].filter(([key]) => parse(key).log === log);
    // Meanwhile the topic may go, which would stop what is open with a complaint.
    for (const [key] of held) this.#release(key);
    await Promise.all(held.flatMap(([, each]) => (each.kind === 'restoring' ? [each.ended] : [])));
    await this.#options.shards.erase(log);
    for (const [key] of held) this.#held.delete(key);
  }

  #moveAside(folder: string): void {
    // One is enough to look at; what it holds can be rebuilt.
    rmSync(`${folder}.aside`, { recursive: true, force: true });
    if (existsSync(folder)) renameSync(folder, `${folder}.aside`);
  }

  #folderOf(key: string): string {
    const { log, partition } = parse(key);
    return join(this.#options.directory, String(log), String(partition));
  }

  /** Work that goes on beside; what fails is told once. Acquiring is tried again by the next look. */
  #run(what: string, key: string, work: () => Promise<void>): void {
    const running = work().catch((error: unknown) => {
      const level = error instanceof AppError && error.retryable ? 'warn' : 'error';
      this.#options.logger[level](`${what}-failed`, { key, error });
    }).finally(() => { this.#background.delete(running); });
    this.#background.add(running);
  }
}

function toPlacement({ id, holdings }: Pick<Member, 'id' | 'holdings'>): PlacementMember {
  return { id, holdings: holdings.map(({ log, partition, state, watermark }) => ({ key: partitionKey(log, partition), state, watermark })) };
}

function parse(key: string): { log: number; partition: number } {
  const [log = '', partition = ''] = key.split('-');
  return { log: Number(log), partition: Number(partition) };
}
