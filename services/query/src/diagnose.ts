/** What is wrong with the installation, since when, and who must act: from the reports of all shards, and from what each process does without. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Catalog, Collection } from '@proximadb/catalog';
import { AppError, toAppError } from '@proximadb/errors';
import type { Extent, Log, SettingAmiss } from '@proximadb/log';
import { type CallContext, within } from '@proximadb/process';
import type { DiagnoseResponse, Finding, KnownMember } from '@proximadb/schemas';
import { callOf } from './call.ts';
import type { QueryConfig } from './config.ts';
import type { MemberReport, ProcessFault, Replicas } from './replicas.ts';
import type { ShardReport } from './shards.ts';

export interface DiagnoseDependencies {
  readonly catalog: Pick<Catalog, 'list'>;
  readonly config: Pick<QueryConfig, 'timeoutMsMax'>;
  readonly log: Pick<Log, 'extents' | 'settingsAmiss'>;
  readonly replicas: Replicas;
  /** Everybody who lives; of a server that is alone: empty. */
  readonly members: () => readonly KnownMember[];
  /** What this process does without. */
  readonly faults: () => readonly ProcessFault[];
  /** When the replicas of a partition last became fewer, µs since 1970; null if that was not seen. */
  readonly fewerSince: (log: number, partition: number) => number | null;
}

type Severity = 'critical' | 'warning' | 'notice';

const order: Record<string, number> = { critical: 0, warning: 1, notice: 2 };

const operator = 'the operator of ProximaDB';
const nobody = 'nobody';

/** Collections that are looked at together. */
const atOnce = 16;
/** An indexer that does not answer is waited for so long at most. */
const reserveMs = 6_000;
const topicMsMax = 2_000;

/** A serving shard that is so many records behind its log is named. */
const behindMin = 100_000;

/** Never rejects because of what is wrong. */
export async function diagnose(context: CallContext, dependencies: DiagnoseDependencies): Promise<DiagnoseResponse> {
  const { catalog, config, members, faults } = dependencies;
  const { signal, deadline } = callOf(null, context, config.timeoutMsMax);
  const findings = new Findings();
  for (const fault of faults()) findings.fault('this process', fault);
  const seen = new Map<string, MemberReport>();
  const topics = new Topics(dependencies.log);
  /** As the first shard that follows its log has felt it. */
  let awaySince = Infinity;
  const collections = catalog.list();
  for (let at = 0; at < collections.length; at += atOnce) {
    if (at > 0 && deadline.remainingMs() < reserveMs) {
      findings.add({
        severity: 'notice', what: `${collections.length - at} were not looked at: the time was over`, where: 'collections', who: nobody,
        advice: 'An indexer that does not answer takes long to ask; mend what stands above, then ask again.',
      });
      break;
    }
    await Promise.all(collections.slice(at, at + atOnce).map(async (collection) => {
      const reports = await within(dependencies.replicas.reports(collection.log), signal);
      for (const report of reports) {
        seen.set(report.replica.memberId, report);
        for (const shard of report.reports) if (shard.logAway !== null) awaySince = Math.min(awaySince, shard.since);
      }
      const { ends, amiss } = await topics.of(collection.topic, signal);
      examine(collection, reports, ends, findings, dependencies);
      if (amiss.length > 0) {
        findings.add({
          severity: 'critical', what: `its topic ${collection.topic} has settings that may lose what was acknowledged: ${amiss.join('; ')}`,
          where: `collection ${collection.name}`, who: 'the operator of Kafka', advice: 'Set them back, for instance by kafka-configs.sh --alter.',
        });
      }
    }));
  }
  if (topics.away !== undefined) {
    findings.add({
      severity: 'critical', what: `does not answer, nothing can be written: ${topics.away.message}`, where: 'Kafka', who: 'the operator of Kafka',
      since: awaySince === Infinity ? null : awaySince, advice: 'Bring the brokers back; reads go on as of the last known state meanwhile.',
    });
  }
  if (topics.hidden !== undefined) {
    findings.add({
      severity: 'warning', what: `does not show how topics are set: ${topics.hidden.message}`, where: 'Kafka', who: 'the operator of Kafka',
      advice: 'Allow the user of ProximaDB DescribeConfigs on its topics: nobody sees meanwhile when a setting is changed that keeps what was acknowledged.',
    });
  }
  for (const { replica, faults: theirs, error } of seen.values()) {
    for (const fault of theirs) findings.fault(replica.memberId, fault);
    if (error === null) continue;
    findings.add({
      severity: 'warning', what: `does not say how it is: ${error.message}`, where: `indexer ${replica.memberId}`, who: operator,
      advice: `Look whether the process at ${replica.address} runs and can be reached from here.`,
    });
  }
  return { findings: findings.sorted(), members: [...members()] };
}

interface TopicFound {
  /** undefined: the log does not say. */
  readonly ends: readonly Extent[] | undefined;
  /** In words. */
  readonly amiss: readonly string[];
}

/** Where topics end, and how they are set, as long as the log says so: once it does not, it is not asked again. */
class Topics {
  readonly #log: DiagnoseDependencies['log'];
  #away: AppError | undefined;
  #hidden: AppError | undefined;

  constructor(log: DiagnoseDependencies['log']) {
    this.#log = log;
  }

  /** Why nobody knows any more. */
  get away(): AppError | undefined {
    return this.#away;
  }

  /** Why nobody knows how they are set. */
  get hidden(): AppError | undefined {
    return this.#hidden;
  }

  async of(topic: string, signal: AbortSignal): Promise<TopicFound> {
    const nothing = { ends: undefined, amiss: [] };
    if (this.#away !== undefined) return nothing;
    const late = delay(topicMsMax, undefined, { signal, ref: false })
      .then(() => { throw new AppError('DEADLINE_EXCEEDED', `it did not say within ${topicMsMax} ms where it ends`); });
    try {
      const asked = Promise.all([this.#log.extents(topic), this.#amiss(topic)]);
      const [ends, amiss] = await Promise.race([within(asked, signal), late]);
      return { ends, amiss: amiss.map(({ field, reason }) => `${field} ${reason}`) };
    } catch (thrown) {
      signal.throwIfAborted();
      const error = toAppError(thrown);
      // A collection that was just deleted is nothing that is wrong.
      if (error.code !== 'NOT_FOUND') this.#away = error;
      return nothing;
    }
  }

  async #amiss(topic: string): Promise<readonly SettingAmiss[]> {
    try {
      return await this.#log.settingsAmiss(topic);
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code !== 'PERMISSION_DENIED') throw error;
      this.#hidden ??= error;
      return [];
    }
  }
}

function examine(
  collection: Collection, reports: readonly MemberReport[], extents: readonly Extent[] | undefined, findings: Findings, dependencies: DiagnoseDependencies,
): void {
  for (let partition = 0; partition < collection.settings.partitions; partition += 1) {
    const those = reports.flatMap(({ replica, reports: all }) =>
      all.filter((one) => one.partition === partition).map((report) => ({ memberId: replica.memberId, report })));
    examinePartition({ collection, partition, those, end: extents?.[partition]?.end }, findings, dependencies);
  }
}

interface Partition {
  readonly collection: Collection;
  readonly partition: number;
  readonly those: readonly { readonly memberId: string; readonly report: ShardReport }[];
  /** Of its log; undefined if the log does not answer. */
  readonly end: number | undefined;
}

function examinePartition({ collection, partition, those, end }: Partition, findings: Findings, { members, fewerSince }: DiagnoseDependencies): void {
  const where = { collection: collection.name, partition };
  const serving = those.filter(({ report }) => report.state === 'serving');
  const replaying = those.filter(({ report }) => report.state === 'replaying');
  if (serving.length === 0) {
    const healing = replaying.length > 0;
    findings.add({
      severity: 'critical', what: healing ? 'nobody answers for it yet: its replicas read their log again' : 'nobody answers for it', ...where,
      since: earliest(those.map(({ report }) => report)) ?? fewerSince(collection.log, partition),
      who: healing ? nobody : operator,
      advice: healing ? 'Wait; stats shows how far they are.' : 'Start indexers, and look at those that stopped.',
    });
  } else if (serving.length === 1 && members().length > 0) {
    findings.add({
      severity: 'warning', what: 'has one replica only: if it dies nobody answers', ...where, since: fewerSince(collection.log, partition),
      who: replaying.length > 0 ? nobody : operator,
      advice: replaying.length > 0
        ? 'Wait: another one is reading its log.' : 'Start an indexer of another replica group, or bring back the one that is missing.',
    });
  }
  for (const { memberId, report } of those) {
    if (report.state === 'stopped') {
      findings.add({
        severity: serving.length === 0 ? 'critical' : 'warning', what: `stopped on ${memberId}: ${report.reason ?? 'no reason is known'}`, ...where,
        since: report.since, who: operator,
        advice: 'Damaged files are restored by themselves from the newest snapshot within ten minutes; anything else needs the reason mended, then a restart.',
      });
    } else if (report.logAway !== null) {
      findings.add({
        severity: 'critical', what: `does not follow its log on ${memberId}: ${report.logAway}`, ...where, since: report.since, who: 'the operator of Kafka',
        advice: 'Bring the brokers back, or the way to them; it goes on by itself, and answers as of its last state meanwhile.',
      });
    } else if (end !== undefined && report.state === 'serving' && end - report.watermark >= behindMin) {
      findings.add({
        severity: 'warning', what: `is ${end - report.watermark} records behind its log on ${memberId}`, ...where, since: null, who: operator,
        advice: 'If that does not shrink, more is written than this indexer can take: add indexers to its group, or write less.',
      });
    }
    if (report.malformed > 0) {
      findings.add({
        severity: 'notice', what: `${report.malformed} records of its log are malformed and left out, on ${memberId}`, ...where, since: null,
        who: 'whoever writes to Kafka past the gateways',
        advice: 'proximadb stats names the last of them, with the reasons.',
      });
    }
  }
}

function earliest(reports: readonly ShardReport[]): number | null {
  return reports.length === 0 ? null : Math.min(...reports.map(({ since }) => since));
}

interface Found {
  readonly severity: Severity;
  readonly what: string;
  readonly who: string;
  readonly advice: string;
  readonly since?: number | null;
  /** Or a collection's partition. */
  readonly where?: string;
  readonly collection?: string;
  readonly partition?: number;
}

const parts: Record<string, { readonly name: string; readonly who: string; readonly advice: string }> = {
  redis: {
    name: 'Redis', who: 'the operator of Redis',
    advice: 'Bring it back. Nothing in it is lost for good; partitions stay where they are meanwhile, and rates are counted by each gateway alone.',
  },
  registry: {
    name: 'the schema registry', who: 'the operator of the schema registry',
    advice: 'Bring it back with the schemas that it had (proximadb schemas check compares). Known schemas are in use meanwhile, new ones are refused.',
  },
  schemas: {
    name: 'schemas of records', who: operator,
    advice: 'Upgrade that process: an indexer stops its shard before the first such record, a gateway refuses to write them, until then.',
  },
  blobs: {
    name: 'the blob store', who: 'the operator of the blob store',
    advice: 'Bring it back. Snapshots and the trimming of the log pause meanwhile, so the log grows.',
  },
};

/** The same of several partitions is one finding. */
class Findings {
  readonly #found = new Map<string, { readonly found: Found; readonly partitions: number[]; readonly places: string[]; since: number | null }>();

  add(found: Found): void {
    const key = [found.severity, found.what, found.where, found.collection].join('\n');
    const known = this.#found.get(key) ?? { found, partitions: [], places: [], since: found.since ?? null };
    this.#found.set(key, known);
    if (found.partition !== undefined) known.partitions.push(found.partition);
    known.since = known.since === null || (found.since ?? Infinity) > known.since ? known.since : found.since ?? null;
  }

  /** The same fault is felt by many processes. */
  fault(place: string, { part, what, since }: ProcessFault): void {
    const { name, who, advice } = parts[part] ?? { name: part, who: operator, advice: 'Bring it back.' };
    const found: Found = { severity: 'warning', what, where: name, who, advice, since };
    this.add(found);
    this.#found.get([found.severity, found.what, found.where, undefined].join('\n'))?.places.push(place);
  }

  sorted(): Finding[] {
    return [...this.#found.values()].map(({ found, partitions, places, since }): Finding => {
      const { severity, what, who, advice } = found;
      const felt = places.length === 0 ? '' : ` (seen by ${[...new Set(places)].join(', ')})`;
      const where = found.where ?? `collection ${found.collection ?? ''}, ${ranges(partitions)}`;
      return { severity, what, where: `${where}${felt}`, since: since === null ? null : BigInt(Math.round(since)), who, advice };
    }).sort((left, right) => (order[left.severity] ?? 3) - (order[right.severity] ?? 3));
  }
}

/** partition 3; partitions 0-4, 7 */
function ranges(partitions: readonly number[]): string {
  const sorted = [...new Set(partitions)].sort((left, right) => left - right);
  const runs: [number, number][] = [];
  for (const partition of sorted) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === partition - 1) last[1] = partition;
    else runs.push([partition, partition]);
  }
  return `partition${sorted.length > 1 ? 's' : ''} ${runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ')}`;
}
