/** The gateway's port to the shards: what became of the records of a request. Plain data that can cross a thread. */

export type Refusal = 'exists' | 'missing' | 'version_mismatch' | (string & {});

export type Outcome =
  | { readonly kind: 'applied'; readonly offset: number }
  /** `reason` is `exists`, `missing`, `version_mismatch`, or a sentence. */
  | { readonly kind: 'refused'; readonly offset: number; readonly reason: Refusal }
  /** Only where that was asked for: the shard remembers no such record. */
  | { readonly kind: 'unknown' };

export interface OutcomesWanted {
  readonly partition: number;
  /** The shard answers once everything below this offset is applied. */
  readonly through: number;
  /** Records that the request has in this partition: sequences 0 … count − 1. */
  readonly count: number;
  /** Whether records that are not remembered are answered as `unknown`; else they fail the call. Default: false. */
  readonly evenUnknown?: boolean | null;
}

export interface PartitionOutcomes {
  readonly partition: number;
  /** By sequence. */
  readonly outcomes: readonly Outcome[];
}

export interface Outcomes {
  /** @throws AppError DEADLINE_EXCEEDED if a shard does not get there in time, UNAVAILABLE if nobody serves the partition. */
  outcomes(log: number, requestId: string, wanted: readonly OutcomesWanted[], timeoutMs: number, signal?: AbortSignal):
    Promise<readonly PartitionOutcomes[]>;
}
