/** Who serves which partition: what a fan-out needs to know, and the same as the coordination tells it. */
import type { Coordination, Member } from '@proximadb/coordination';

/** An indexer that holds a partition. */
export interface Replica {
  readonly memberId: string;
  /** host:port of its shards. */
  readonly address: string;
  /** New at each start of the process; null: the partition was held there last, by whichever process. */
  readonly incarnation: string | null;
  readonly group: number;
  /** Whether it answers; one that is not ready is asked if nobody else is there. */
  readonly ready: boolean;
  /** Whether it is taking the partition up: if it cannot answer yet, it will. */
  readonly building: boolean;
}

export interface Routes {
  /** Empty if nobody is known. Called often: it should take no longer than a look-up. */
  replicas(log: number, partition: number): readonly Replica[];
  /** Everybody who holds a partition of the log. */
  holders(log: number): readonly Replica[];
  /** Called after a replica came, went, or changed its state; must not throw. @returns ends it */
  onChange(listener: () => void): () => void;
}

interface Ready {
  readonly count: number;
  /** When they last became fewer, µs since 1970. */
  readonly fewerSince: number | null;
}

type Table = ReadonlyMap<number, ReadonlyMap<number, readonly Replica[]>>;

/**
 * The routes as the members announce them. Ready and leaving replicas count; building ones only where there is nothing else. Of a
 * partition that nobody holds at the moment, those who held it last are still named: a member that is only taken for dead may answer.
 */
export class CoordinationRoutes implements Routes, Disposable {
  readonly #coordination: Pick<Coordination, 'members' | 'onChange'>;
  readonly #logsRemembered: number;
  readonly #listeners = new Set<() => void>();
  readonly #unfollow: () => void;
  #table: Table = new Map();
  #signature = '';
  /** Log → partition → who held it last; logs in the order in which they were last held. */
  readonly #last = new Map<number, Map<number, readonly Replica[]>>();
  /** Log → partition → its ready replicas. */
  readonly #ready = new Map<number, Map<number, Ready>>();

  /** @param logsRemembered logs nobody holds any more, whose last replicas are kept. */
  constructor(coordination: Pick<Coordination, 'members' | 'onChange'>, logsRemembered = 1_000) {
    this.#coordination = coordination;
    this.#logsRemembered = logsRemembered;
    this.#unfollow = coordination.onChange(() => { this.#follow(); });
    this.#follow();
  }

  replicas(log: number, partition: number): readonly Replica[] {
    return this.#table.get(log)?.get(partition) ?? this.#last.get(log)?.get(partition) ?? [];
  }

  /** When the ready replicas of a partition last became fewer, µs since 1970; null if that was not seen, or they are as many again. */
  fewerSince(log: number, partition: number): number | null {
    return this.#ready.get(log)?.get(partition)?.fewerSince ?? null;
  }

  holders(log: number): readonly Replica[] {
    const found = new Map<string, Replica>();
    for (const replicas of (this.#table.get(log) ?? this.#last.get(log) ?? new Map<number, readonly Replica[]>()).values()) {
      for (const replica of replicas) if (found.get(replica.memberId)?.ready !== true) found.set(replica.memberId, replica);
    }
    return [...found.values()];
  }

  onChange(listener: () => void): () => void {
    const own = (): void => { listener(); };
    this.#listeners.add(own);
    return () => { this.#listeners.delete(own); };
  }

  [Symbol.dispose](): void {
    this.#unfollow();
    this.#listeners.clear();
  }

  /** Watermarks move all the time; only who holds what in which state makes another table. */
  #follow(): void {
    const indexers = this.#coordination.members.filter(({ kind }) => kind === 'indexer');
    const signature = indexers.map(signatureOf).join('\n');
    if (signature === this.#signature) return;
    this.#signature = signature;
    this.#table = tableOf(indexers);
    this.#remember();
    this.#count();
    for (const listener of this.#listeners) listener();
  }

  #count(): void {
    for (const [log, partitions] of this.#last) {
      const known = this.#ready.get(log) ?? new Map<number, Ready>();
      this.#ready.set(log, known);
      for (const partition of partitions.keys()) {
        const before = known.get(partition) ?? { count: 0, fewerSince: null };
        const count = (this.#table.get(log)?.get(partition) ?? []).filter(({ ready }) => ready).length;
        known.set(partition, { count, fewerSince: count > before.count ? null : count < before.count ? Date.now() * 1_000 : before.fewerSince });
      }
    }
    for (const log of this.#ready.keys()) if (!this.#last.has(log)) this.#ready.delete(log);
  }

  #remember(): void {
    for (const [log, partitions] of this.#table) {
      const known = this.#last.get(log) ?? new Map<number, readonly Replica[]>();
      for (const [partition, replicas] of partitions) {
        known.set(partition, replicas.map((replica) => ({ ...replica, incarnation: null, ready: false, building: false })));
      }
      this.#last.delete(log);
      this.#last.set(log, known);
    }
    for (const log of this.#last.keys()) {
      if (this.#last.size <= this.#logsRemembered + this.#table.size) return;
      if (!this.#table.has(log)) this.#last.delete(log);
    }
  }
}

function signatureOf({ id, group, address, incarnation, holdings }: Member): string {
  return `${id} ${group} ${address} ${incarnation} ${holdings.map(({ log, partition, state }) => `${log}/${partition}${state}`).join(' ')}`;
}

function tableOf(indexers: readonly Member[]): Table {
  const all = new Map<number, Map<number, (Replica & { readonly leaving: boolean })[]>>();
  for (const { id, group, address, incarnation, holdings } of indexers) {
    for (const { log, partition, state } of holdings) {
      const partitions = all.get(log) ?? new Map<number, (Replica & { readonly leaving: boolean })[]>();
      const replicas = partitions.get(partition) ?? [];
      const [ready, building, leaving] = [state !== 'building', state === 'building', state === 'leaving'];
      replicas.push({ memberId: id, address, incarnation, group, ready, building, leaving });
      partitions.set(partition, replicas);
      all.set(log, partitions);
    }
  }
  return new Map([...all].map(([log, partitions]) => [log, new Map([...partitions].map(([partition, replicas]) => [partition, usable(replicas)]))]));
}

/** Ready ones, those that are about to let go behind the others; building ones if there is no other. */
function usable(replicas: readonly (Replica & { readonly leaving: boolean })[]): Replica[] {
  const ready = replicas.filter((replica) => replica.ready);
  return (ready.length > 0 ? ready : replicas).toSorted((left, right) => Number(left.leaving) - Number(right.leaving))
    .map(({ leaving: _, ...replica }) => replica);
}
