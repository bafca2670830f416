/** Which indexer is asked for which partitions: few of them, in as good a shape as there are, and those with the least to do. */
import { assert } from '@proximadb/errors';
import type { PartitionAt } from '../shards.ts';
import type { Health } from './link.ts';
import type { Replica } from './routes.ts';

/** What a plan has to know of an indexer. */
export interface Candidate {
  readonly health: Health;
  /** Calls under way. */
  readonly calls: number;
}

export interface Part {
  readonly address: string;
  readonly at: readonly PartitionAt[];
  /** Whether each of its partitions is ready there, and the indexer is in good shape. */
  readonly good: boolean;
}

export interface Plan {
  readonly parts: readonly Part[];
  /** Partitions of which no replica is left to be asked. */
  readonly unserved: readonly PartitionAt[];
}

export interface PlanOptions {
  readonly replicas: (partition: number) => readonly Replica[];
  readonly candidate: (address: string) => Candidate;
  /** Addresses that were asked already. */
  readonly tried: ReadonlySet<string>;
  /** Counts up from question to question: decides between groups that are alike. */
  readonly turn: number;
}

const ranks: Readonly<Record<Health, number>> = { good: 0, quiet: 1, bad: 2 };

interface Place {
  readonly at: PartitionAt;
  /** The best of those that can be asked, all of one rank. */
  readonly best: readonly Replica[];
  readonly rank: number;
}

export function planFor(at: readonly PartitionAt[], options: PlanOptions): Plan {
  const known = new Map<string, Candidate>();
  const candidateOf = (address: string): Candidate => {
    const before = known.get(address);
    if (before !== undefined) return before;
    // An indexer's shape changes with time alone: a plan is made of what it was at the first look.
    const { health, calls } = options.candidate(address);
    known.set(address, { health, calls });
    return { health, calls };
  };
  const rankOf = ({ address, ready }: Replica): number => ranks[candidateOf(address).health] + (ready ? 0 : ranks.bad + 1);
  const places: Place[] = [];
  const unserved: PartitionAt[] = [];
  for (const each of at) {
    const replicas = options.replicas(each.partition).filter(({ address }) => !options.tried.has(address));
    const rank = Math.min(...replicas.map(rankOf));
    if (replicas.length === 0) unserved.push(each);
    else places.push({ at: each, rank, best: replicas.filter((replica) => rankOf(replica) === rank) });
  }
  return { parts: partsOf(places, candidateOf, options.turn), unserved };
}

/** A group at a time, the one first that can answer for the most. */
function partsOf(places: readonly Place[], candidateOf: (address: string) => Candidate, turn: number): Part[] {
  const parts = new Map<string, { at: PartitionAt[]; good: boolean }>();
  for (let left = places; left.length > 0;) {
    const group = groupFor(left, candidateOf, turn);
    const later: Place[] = [];
    for (const place of left) {
      const replica = choose(place.best.filter((one) => one.group === group), parts, candidateOf);
      if (replica === undefined) later.push(place);
      else {
        const part = parts.get(replica.address) ?? { at: [], good: true };
        part.at.push(place.at);
        part.good &&= place.rank === 0;
        parts.set(replica.address, part);
      }
    }
    left = later;
  }
  return [...parts].map(([address, { at, good }]) => ({ address, at, good }));
}

function groupFor(places: readonly Place[], candidateOf: (address: string) => Candidate, turn: number): number {
  const groups = new Map<number, { places: number; addresses: Set<string> }>();
  for (const { best } of places) {
    for (const group of new Set(best.map((replica) => replica.group))) {
      const entry = groups.get(group) ?? { places: 0, addresses: new Set<string>() };
      entry.places += 1;
      for (const replica of best) if (replica.group === group) entry.addresses.add(replica.address);
      groups.set(group, entry);
    }
  }
  const order = [...groups.keys()].sort((left, right) => left - right);
  const compared = order.map((group, i) => {
    const { places: covered = 0, addresses = new Set<string>() } = groups.get(group) ?? {};
    // The busiest indexer of a group is who a fan-out over it waits for.
    const calls = Math.max(0, ...[...addresses].map((address) => candidateOf(address).calls));
    return { group, covered, calls, turn: (i + turn) % order.length };
  });
  compared.sort((left, right) => right.covered - left.covered || left.calls - right.calls || left.turn - right.turn);
  const [first] = compared;
  assert(first !== undefined, 'a partition without replicas has a place in a plan');
  return first.group;
}

/** An indexer that is asked anyway, or the one with the least to do. */
function choose(
  replicas: readonly Replica[], parts: ReadonlyMap<string, unknown>, candidateOf: (address: string) => Candidate,
): Replica | undefined {
  return replicas.find(({ address }) => parts.has(address))
    ?? replicas.reduce<Replica | undefined>((least, replica) =>
      (least === undefined || candidateOf(replica.address).calls < candidateOf(least.address).calls ? replica : least), undefined);
}
