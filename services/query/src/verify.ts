/**
 * Whether the replicas of a collection hold the same records. Each partition's replicas are compared by the sums that they noted at the last
 * offset that all of them passed, then by what they hold at one offset; where that differs, the range of hashes is narrowed down to the records.
 */
import type { Log } from '@proximadb/log';
import { AppError, toAppError } from '@proximadb/errors';
import type { CallContext } from '@proximadb/process';
import { formatVersion } from '@proximadb/record';
import type { Difference, VerifiedPartition, VerifiedReplica, VerifyRequest, VerifyResponse } from '@proximadb/schemas';
import type { Collection } from '@proximadb/catalog';
import { callOf } from './call.ts';
import type { ReadDependencies } from './reads.ts';
import type { Digest, DigestRecord, DigestRequest, MemberReport, ReplicaMember, Replicas } from './replicas.ts';
import type { ShardReport } from './shards.ts';

export interface VerifyDependencies extends Pick<ReadDependencies, 'catalog' | 'config'> {
  readonly replicas: Replicas;
  readonly log: Pick<Log, 'extents'>;
}

const rangesMax = 1_024;
const hashMax = 0xffff_ffff;
/** A range with no more records is listed. */
const listedMax = 2_000;
const differencesMax = 100;
/** An offset that a replica passed before it was asked is tried so often anew. */
const attemptsMax = 10;
/** Longest time that replicas are waited for at an offset that the log has. */
const settleMsMax = 10_000;
/** At one that it does not have yet. */
const aheadMs = 1_000;
/** Partitions that are compared at once: a comparison takes a moment of each of its shards. */
const atOnce = 4;

/** @throws AppError NOT_FOUND for an unknown collection. A replica that cannot be compared is named with the reason. */
export async function verify(request: VerifyRequest, context: CallContext, dependencies: VerifyDependencies): Promise<VerifyResponse> {
  const { catalog, config, replicas } = dependencies;
  const collection = await catalog.lookUp(request.collection, context.signal);
  const call = callOf(null, context, config.timeoutMsMax);
  const members = await replicas.reports(collection.log);
  const partitions: VerifiedPartition[] = [];
  // Replicas that lag in every partition leave half of the time to the rest of the work.
  const turns = Math.ceil(collection.settings.partitions / atOnce);
  const settleMs = Math.max(1, Math.ceil(Math.min(settleMsMax, call.deadline.remainingMs() / 2 / turns)));
  const waiting = Array.from({ length: collection.settings.partitions }, (_, partition) => partition).values();
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const partition of waiting) partitions[partition] = await new Comparison(collection, partition, { members, call, settleMs }, dependencies).run();
  }));
  const verdict = (['differ', 'unknown', 'alone'] as const).find((each) => partitions.some((one) => one.verdict === each)) ?? 'agree';
  return { collection: collection.name, verdict, partitions };
}

/** A replica, and what it holds at the offset of the comparison, or why that is not known. */
interface Compared {
  readonly member: ReplicaMember;
  readonly report: ShardReport | undefined;
  readonly digest: Digest | undefined;
  readonly reason: string | null;
  /** It was beyond the offset, or did not get there: another offset may do. */
  readonly again: boolean;
}

interface Held {
  readonly member: ReplicaMember;
  readonly digest: Digest;
}

interface Comparing {
  readonly members: readonly MemberReport[];
  readonly call: CallContext;
  readonly settleMs: number;
}

class Comparison {
  readonly #collection: Collection;
  readonly #partition: number;
  readonly #members: readonly MemberReport[];
  readonly #call: CallContext;
  readonly #settleMs: number;
  readonly #dependencies: VerifyDependencies;
  readonly #differences: Difference[] = [];
  #differing = 0;

  constructor(collection: Collection, partition: number, { members, call, settleMs }: Comparing, dependencies: VerifyDependencies) {
    this.#collection = collection;
    this.#partition = partition;
    this.#members = members;
    this.#call = call;
    this.#settleMs = settleMs;
    this.#dependencies = dependencies;
  }

  async run(): Promise<VerifiedPartition> {
    const { at, all } = await this.#freeze();
    const mark = lastCommonMark(all.flatMap(({ report }) => (report === undefined ? [] : [report])));
    const replicas = all.map(({ member, report, digest, reason }): VerifiedReplica => ({
      member: member.memberId, group: member.group, reason, markSum: report === undefined || mark === null ? null : sumAt(report, mark) ?? null,
      records: BigInt(digest?.ranges.reduce((sum, { records }) => sum + records, 0) ?? 0), sum: digest === undefined ? null : total(digest),
    }));
    const held = all.flatMap(({ member, digest }): Held[] => (digest === undefined ? [] : [{ member, digest }]));
    if (at !== null && held.length > 1) await this.#narrow(held, at, 0, hashMax);
    const marksDiffer = new Set(replicas.flatMap(({ markSum }) => (markSum === null ? [] : [markSum]))).size > 1;
    const verdict = marksDiffer || this.#differing > 0 ? 'differ' : held.length > 1 ? 'agree' : held.length === 1 ? 'alone' : 'unknown';
    return {
      partition: this.#partition, verdict, mark: mark === null ? null : BigInt(mark), at: at === null ? null : BigInt(at),
      replicas, differences: this.#differences, differing: BigInt(this.#differing),
    };
  }

  /** Asks all replicas what they hold at one offset: the log's end, or a little beyond where it moves faster than the question travels. */
  async #freeze(): Promise<{ readonly at: number | null; readonly all: readonly Compared[] }> {
    const known = this.#members.map(({ replica, reports, error }): Compared => {
      const report = reports.find(({ partition }) => partition === this.#partition);
      const stopped = report?.state === 'stopped' ? `it stopped: ${report.reason ?? ''}` : null;
      return { member: replica, report, digest: undefined, reason: error?.message ?? stopped, again: false };
    }).filter(({ report, reason }) => report !== undefined || reason !== null);
    let before: number | undefined;
    let best: { at: number | null; all: readonly Compared[] } = { at: null, all: known };
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const end = await this.#end();
      const ahead = before === undefined ? 0 : (end - before) * attempt;
      before = end;
      const at = end + ahead;
      const all = await Promise.all(known.map(async (one) => (one.reason === null ? this.#ask(one, at, ahead > 0) : one)));
      best = { at, all };
      if (!all.some(({ again }) => again)) break;
      this.#call.signal.throwIfAborted();
    }
    return best;
  }

  async #end(): Promise<number> {
    const { log } = this.#dependencies;
    const extent = (await log.extents(this.#collection.topic))[this.#partition];
    if (extent === undefined) throw new AppError('INTERNAL', `the log of ${this.#collection.name} has no partition ${this.#partition}`);
    return extent.end;
  }

  /** @param isAhead whether the log may never get to the offset. */
  async #ask(one: Compared, at: number, isAhead: boolean): Promise<Compared> {
    const timeoutMs = Math.max(1, Math.ceil(Math.min(isAhead ? aheadMs : this.#settleMs, this.#call.deadline.remainingMs())));
    try {
      const digest = await this.#digest(one.member, { at, firstHash: 0, lastHash: hashMax, width: widthOf(0, hashMax), records: false, timeoutMs });
      if (digest.ranges.length === 0) return { ...one, reason: `it is at ${digest.watermark}, and was asked about ${at}`, again: true };
      return { ...one, digest };
    } catch (thrown) {
      const { code, message } = toAppError(thrown);
      return { ...one, reason: message, again: isAhead && code === 'DEADLINE_EXCEEDED' };
    }
  }

  /** Looks into each range whose sums differ, until the records are found, or enough of them. */
  async #narrow(held: readonly Held[], at: number, firstHash: number, lastHash: number): Promise<void> {
    const width = widthOf(firstHash, lastHash);
    for (let range = 0; firstHash + range * width <= lastHash; range += 1) {
      const those = held.map(({ digest }) => digest.ranges[range]);
      if (new Set(those.map((one) => one?.sum)).size <= 1) continue;
      const first = firstHash + range * width;
      const last = Math.min(lastHash, first + width - 1);
      if (this.#differences.length >= differencesMax) {
        this.#differing += 1;
        continue;
      }
      const isSmall = first === last || those.every((one) => (one?.records ?? 0) <= listedMax);
      const asked = { at, firstHash: first, lastHash: last, width: widthOf(first, last), records: isSmall, timeoutMs: this.#settleMs };
      const inside = await Promise.all(held.map(async ({ member }): Promise<Held> => {
        const digest = await this.#digest(member, asked);
        // Nothing is known of it, which is not the same as that it holds nothing.
        if (digest.ranges.length === 0) throw new AppError('ABORTED', `${member.memberId} is compared by somebody else at the same time: ask again`);
        return { member, digest };
      }));
      if (isSmall) this.#compare(inside);
      else await this.#narrow(inside, at, first, last);
    }
  }

  #compare(held: readonly Held[]): void {
    const byRecord = Map.groupBy(held.flatMap(({ member, digest }) => digest.records.map((record) => ({ member, record }))), ({ record }) => keyOf(record));
    const odd = [...byRecord.values()].filter((those) => those.length < held.length).flat();
    // Of one id there is at most one record a replica; without its id, the hash tells which belong together.
    const ids = new Map(odd.flatMap(({ record }) => (record.id === null ? [] : [[record.hash, record.id] as const])));
    const byId = Map.groupBy(odd, ({ record }) => record.id ?? ids.get(record.hash) ?? record.hash);
    for (const [id, those] of byId) {
      this.#differing += 1;
      if (this.#differences.length >= differencesMax) continue;
      this.#differences.push({
        id: typeof id === 'string' ? id : null,
        held: held.map(({ member }) => {
          const own = those.find((one) => one.member === member)?.record;
          return {
            member: member.memberId, version: own === undefined ? null : formatVersion(this.#collection.log, own.offset),
            checksum: own === undefined ? null : own.checksum.toString(16).padStart(8, '0'),
          };
        }),
      });
    }
  }

  #digest(member: ReplicaMember, request: Omit<DigestRequest, 'log' | 'partition'>): Promise<Digest> {
    return this.#dependencies.replicas.digest(member, { ...request, log: this.#collection.log, partition: this.#partition }, this.#call.signal);
  }
}

/** Of the parts that a range of hashes goes into. */
function widthOf(firstHash: number, lastHash: number): number {
  return Math.ceil((lastHash - firstHash + 1) / rangesMax);
}

function keyOf({ hash, offset, checksum }: DigestRecord): string {
  return `${hash}/${offset}/${checksum}`;
}

/** The last offset at which all of them noted a sum. */
function lastCommonMark(reports: readonly ShardReport[]): number | null {
  const [first, ...others] = reports;
  const common = (first?.marks ?? []).filter(({ offset }) => others.every((report) => sumAt(report, offset) !== undefined));
  return common.at(-1)?.offset ?? null;
}

function sumAt({ marks }: ShardReport, offset: number): string | undefined {
  return marks.find((mark) => mark.offset === offset)?.sum;
}

/** Sums add up, modulo 2^64. */
function total({ ranges }: Digest): string {
  return BigInt.asUintN(64, ranges.reduce((sum, range) => sum + BigInt(`0x${range.sum}`), 0n)).toString(16).padStart(16, '0');
}
