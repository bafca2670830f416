import { AppError, toAppError } from '@proximadb/errors';
import { Member } from '@proximadb/schemas';
import type { Cluster, Redis } from 'ioredis';
import type { RateLimit } from '../port.ts';
import type { Answer, Heard } from './member-table.ts';
import { beatScript, goodbyeScript, takeScript } from './scripts.ts';
import type { Taken } from './shared-buckets.ts';

/** What {@link Redis.defineCommand} adds to a client; the `Buffer` form answers texts as bytes. */
interface Scripts {
  proximadbBeatBuffer(...keysAndArguments: (string | number | Buffer)[]): Promise<Buffer[] | null>;
  proximadbGoodbye(...keysAndArguments: string[]): Promise<number>;
  proximadbTake(...keysAndArguments: (string | number)[]): Promise<[number, number]>;
}

export interface Beat {
  readonly id: string;
  readonly stamp: string;
  readonly version: string;
  /** Undefined: the store should have it. */
  readonly message: Uint8Array | undefined;
  readonly knownVersions: readonly string[];
  /** ms of silence after which the store forgets a member. */
  readonly forgetMs: number;
  /** ms of everybody's silence after which the store counts as new. */
  readonly pauseMs: number;
}

export interface BeatAnswer extends Answer {
  /** The stamp that the store had for this id; undefined if none. */
  readonly stampBefore: string | undefined;
  /** Members whose message is none to this release. */
  readonly unreadable: readonly string[];
}

/**
 * Redis as the coordination sees it. Every call fails with UNAVAILABLE, or DEADLINE_EXCEEDED once its time is up; none is repeated. What the
 * client says of a failure is not passed on as a cause: it carries the arguments of the command, a password among them.
 */
export class RedisStore {
  readonly #client: Redis | Cluster;
  readonly #scripts: Scripts;
  readonly #prefix: string;
  #connectionError: string | undefined;

  /** @param client is the store's from now on. */
  constructor(client: Redis | Cluster, installation: string) {
    this.#client = client;
    this.#prefix = `{proximadb:${installation}}:`;
    client.defineCommand('proximadbBeat', { numberOfKeys: 2, lua: beatScript });
    client.defineCommand('proximadbGoodbye', { numberOfKeys: 2, lua: goodbyeScript });
    client.defineCommand('proximadbTake', { numberOfKeys: 1, lua: takeScript });
    // The client's type does not know what was just defined.
    this.#scripts = client as unknown as Scripts;
    const failed = (error: Error & { lastNodeError?: Error }): void => { this.#connectionError = (error.lastNodeError ?? error).message; };
    client.on('error', failed);
    client.on('node error', failed);
  }

  /** @param lost the connection broke. @param ready there is one. */
  watch(lost: () => void, ready: () => void): void {
    this.#client.on('close', lost);
    this.#client.on('-node', lost);
    this.#client.on('ready', () => {
      this.#connectionError = undefined;
      ready();
    });
  }

  /** @returns undefined if the message has to be sent, too. */
  async beat(beat: Beat, timeoutMs: number, clock: () => number): Promise<BeatAnswer | undefined> {
    const sentMs = clock();
    const reply = await this.#call(this.#scripts.proximadbBeatBuffer(
      `${this.#prefix}members`, `${this.#prefix}messages`,
      beat.id, beat.stamp, beat.version, beat.message === undefined ? '' : bufferOf(beat.message), beat.forgetMs, beat.pauseMs, ...beat.knownVersions,
    ), timeoutMs);
    return reply === null ? undefined : answerOf(reply, sentMs, clock());
  }

  async goodbye(id: string, life: string, timeoutMs: number): Promise<void> {
    await this.#call(this.#scripts.proximadbGoodbye(`${this.#prefix}members`, `${this.#prefix}messages`, id, `${life}:`), timeoutMs);
  }

  /** As many tokens as `needed`, at least `first`, or none; and up to `ahead` more. No time limit but the client's (2 s). */
  async take(bucket: string, first: number, needed: number, ahead: number, limit: RateLimit): Promise<Taken> {
    const call = this.#scripts.proximadbTake(`${this.#prefix}bucket:${bucket}`, first, needed, ahead, limit.perSecond, Math.floor(limit.burst));
    const [tokens, waitMs] = await this.#call(call, undefined);
    return { tokens, waitMs };
  }

  close(): void {
    this.#client.disconnect();
  }

  async #call<T>(call: Promise<T>, timeoutMs: number | undefined): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      if (timeoutMs !== undefined) timer = setTimeout(() => reject(new AppError('DEADLINE_EXCEEDED', `Redis did not answer in ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      return await Promise.race([call, late]);
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError('UNAVAILABLE', `Redis: ${this.#connectionError ?? toAppError(error).message}`);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The client sends a Buffer as it is, and any other bytes as text. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function answerOf(reply: readonly Buffer[], sentMs: number, receivedMs: number): BeatAnswer {
  const [before = '', since = '', steadyMs = ''] = reply.slice(0, 3).map(String);
  const heard: Heard[] = [];
  const unreadable: string[] = [];
  for (let at = 3; at + 3 < reply.length; at += 4) {
    const [id = '', stamp = '', version = ''] = reply.slice(at, at + 3).map(String);
    const bytes = reply[at + 3];
    const member = bytes === undefined || bytes.length === 0 ? undefined : memberOf(bytes, id);
    if (member === undefined && bytes !== undefined && bytes.length > 0) unreadable.push(id);
    heard.push({ id, stamp, version, member });
  }
  return { sentMs, receivedMs, since, steadyMs: Number(steadyMs), heard, unreadable, stampBefore: before === '' ? undefined : before };
}

function memberOf(bytes: Uint8Array, id: string): Member | undefined {
  try {
    const member = Member.decode(bytes);
    return member.id === id ? member : undefined;
  } catch {
    return undefined;
  }
}
