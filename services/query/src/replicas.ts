/** The query service's port to the replicas of a partition one by one, to look after them. All types are plain data. */
import { toAppError, type AppError } from '@proximadb/errors';
import type { ShardReport, Shards } from './shards.ts';

/** What a partition held at one offset is asked for. */
export interface DigestRequest {
  readonly log: number;
  readonly partition: number;
  readonly at: number;
  readonly timeoutMs: number;
  /** Range of the hashes of ids, 0 to 4,294,967,295; the last one belongs to it. */
  readonly firstHash: number;
  readonly lastHash: number;
  /** Hashes in each part of it that gets a sum; the last part may be shorter. At most 1,024 parts. */
  readonly width: number;
  /** Whether each record of the range is named, too: for small ranges. */
  readonly records: boolean;
}

export interface DigestRange {
  readonly records: number;
  /** Over offset, id and checksum of each: replicas that hold the same have the same. 16 hex digits. */
  readonly sum: string;
}

export interface DigestRecord {
  /** null: it was replaced meanwhile. */
  readonly id: string | null;
  /** Of the id. */
  readonly hash: number;
  readonly offset: number;
  /** CRC-32C. */
  readonly checksum: number;
}

export interface Digest {
  /** Where the partition is. */
  readonly watermark: number;
  /** Empty if the partition had passed the offset before it was asked: ask at a later one. */
  readonly ranges: readonly DigestRange[];
  readonly records: readonly DigestRecord[];
}

/** Something that a whole process does without at the moment. */
export interface ProcessFault {
  /** redis, registry, blobs */
  readonly part: string;
  readonly what: string;
  /** µs since 1970. */
  readonly since: number;
}

export interface ReplicaMember {
  readonly memberId: string;
  readonly group: number;
  /** host:port of its shards; empty: it is this process. */
  readonly address: string;
}

/** What one member says about a log's partitions, or why it says nothing. */
export interface MemberReport {
  readonly replica: ReplicaMember;
  readonly reports: readonly ShardReport[];
  readonly faults: readonly ProcessFault[];
  readonly error: AppError | null;
}

export interface Digests {
  /**
   * Of a partition that is held here. The first question at an offset waits for it, and what was there is kept for a minute after the last one.
   * @throws AppError DEADLINE_EXCEEDED if the partition does not get there in time; UNAVAILABLE if it is not served here.
   */
  digest(request: DigestRequest, signal?: AbortSignal): Promise<Digest>;
}

export interface Replicas {
  /** Of everybody who holds a partition of the log. Never rejects. */
  reports(log: number): Promise<readonly MemberReport[]>;
  /** See {@link Digests.digest}. */
  digest(member: ReplicaMember, request: DigestRequest, signal?: AbortSignal): Promise<Digest>;
}

/** The one replica of a process that is alone. */
export function oneReplica(memberId: string, shards: Pick<Shards, 'report'> & Digests): Replicas {
  const replica = { memberId, group: 0, address: '' };
  return {
    async reports(log) {
      try {
        return [{ replica, reports: await shards.report(log), faults: [], error: null }];
      } catch (thrown) {
        return [{ replica, reports: [], faults: [], error: toAppError(thrown) }];
      }
    },
    digest: (_member, request, signal) => shards.digest(request, signal),
  };
}
