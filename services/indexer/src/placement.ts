/**
 * Which member of a replica group serves which partition: pure functions of what everybody can see, so that all members come to the same
 * answer without asking each other. Ownership needs no consensus (two owners of a partition read one log and both answer right); what is to be
 * avoided is a partition that nobody answers for, and work done for nothing.
 */
import type { HoldingState } from '@proximadb/coordination';
import { assert } from '@proximadb/errors';

export interface PlacedHolding {
  /** Names the partition in the whole installation; see {@link partitionKey}. */
  readonly key: string;
  readonly state: HoldingState;
  /** The next offset it applies. */
  readonly watermark: number;
}

export interface PlacementMember {
  readonly id: string;
  readonly holdings: readonly PlacedHolding[];
}

export function partitionKey(log: number, partition: number): string {
  return `${log}-${partition}`;
}

/**
 * How well a partition and a member suit each other: 53 bits of hash of their names, evenly spread; the higher the better (rendezvous
 * hashing: Thaler and Ravishankar, 1998). Two lanes of 32 bits take in each UTF-16 unit by xor and multiplication, and are mixed into each
 * other at the end (the construction known as cyrb53). It must stay as it is: members of two releases would disagree about the placement.
 */
export function rendezvousScore(key: string, member: string): number {
  let low = 0xdeadbeef;
  let high = 0x41c6ce57;
  for (const text of [key, '\0', member]) {
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      low = Math.imul(low ^ unit, 2_654_435_761);
      high = Math.imul(high ^ unit, 1_597_334_677);
    }
  }
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  return 4_294_967_296 * (0x1fffff & high) + (low >>> 0);
}

/**
 * Places every partition of one replica group at one of its living members. No member gets more than ⌈P/n⌉ partitions, none less than ⌊P/n⌋.
 *
 * 1. A partition stays where it is held (not `leaving`). Of several holders one that is `ready` comes before one that builds, then the higher
 *    score. Who holds more than it may have gives up those with the lowest scores, first to another holder.
 * 2. What nobody holds goes back to who is just leaving it, if that one has room.
 * 3. The rest goes, in the order of the keys, to the member with the highest score that has room.
 *
 * So the death of a member moves only its own partitions, and a new one gets its share from those that have too much, and nothing else moves.
 * With 10 members and 6,000 partitions it takes 10 ms when nothing moves, 35 ms at worst.
 * Does not depend on the order of members, holdings or partitions; no two members may have one id.
 * @returns each partition's member; empty if there is no member.
 */
export function place(members: readonly PlacementMember[], partitions: readonly string[]): Map<string, string> {
  const placement = new Map<string, string>();
  if (members.length === 0) return placement;
  const keys = [...new Set(partitions)].sort();
  const holders = holdersOf(members, new Set(keys));
  const room = roomOf(members, keys, holders.staying);
  settle(keys, holders.staying, room, placement);
  settle(keys.filter((key) => !placement.has(key)), holders.leaving, room, placement);
  for (const key of keys) {
    if (placement.has(key)) continue;
    const id = best(key, members.filter((member) => (room.get(member.id) ?? 0) > 0).map((member) => member.id));
    assert(id !== undefined, 'the rooms of all members together are as many as the partitions');
    put(key, id, room, placement);
  }
  return placement;
}

/** For each partition its holders, those that it prefers first. */
type Holders = ReadonlyMap<string, readonly string[]>;

function holdersOf(members: readonly PlacementMember[], keys: ReadonlySet<string>): { staying: Holders; leaving: Holders } {
  const all = { building: new Map<string, string[]>(), ready: new Map<string, string[]>(), leaving: new Map<string, string[]>() };
  for (const { id, holdings } of members) {
    for (const { key, state } of holdings) {
      if (!keys.has(key)) continue;
      const ids = all[state].get(key);
      if (ids === undefined) all[state].set(key, [id]);
      else ids.push(id);
    }
  }
  const staying = new Map<string, string[]>();
  for (const map of [all.ready, all.building]) {
    for (const [key, ids] of map) staying.set(key, [...staying.get(key) ?? [], ...byScore(key, ids)]);
  }
  return { staying, leaving: new Map([...all.leaving].map(([key, ids]) => [key, byScore(key, ids)])) };
}

const byScore = (key: string, ids: readonly string[]): string[] => (ids.length < 2 ? [...ids] : ids.toSorted((a, b) => compare(key, a, b)));

/** Negative if the first one suits better. Equal scores are as good as impossible, but must not make two members disagree. */
function compare(key: string, a: string, b: string): number {
  return rendezvousScore(key, b) - rendezvousScore(key, a) || (a < b ? -1 : 1);
}

/**
 * How many partitions each member may have: ⌊P/n⌋, and one more for as many as it takes; all rooms together are P. Those come first that hold
 * more than ⌊P/n⌋ now, then it goes by score. By how much more does not matter: so the rooms stay the same while members that know this group
 * of members take up or give up, one after the other, what their room says. (If who holds most came first, each step would change the rooms.)
 */
function roomOf(members: readonly PlacementMember[], keys: readonly string[], staying: Holders): Map<string, number> {
  const held = new Map(members.map(({ id }) => [id, 0]));
  assert(held.size === members.length, 'every member has an id of its own');
  for (const [preferred = ''] of staying.values()) held.set(preferred, (held.get(preferred) ?? 0) + 1);
  const floor = Math.floor(keys.length / held.size);
  const more = keys.length % held.size;
  const ranked = [...held].sort(([a, heldByA], [b, heldByB]) => Number(heldByB > floor) - Number(heldByA > floor) || compare('', a, b));
  return new Map(ranked.map(([id], rank) => [id, floor + (rank < more ? 1 : 0)]));
}

/**
 * Each partition asks its holders one after the other; a holder without room keeps those with the highest scores and sends the others on. That is
 * the deferred acceptance of Gale and Shapley, whose outcome is the same in whatever order the partitions ask.
 */
function settle(keys: readonly string[], holders: Holders, room: Map<string, number>, placement: Map<string, string>): void {
  const accepted = new Map<string, { key: string; next: number; score: number }[]>();
  const asking = keys.map((key) => ({ key, next: 0 }));
  for (let one = asking.pop(); one !== undefined; one = asking.pop()) {
    const id = holders.get(one.key)?.[one.next];
    if (id === undefined) continue;
    const theirs = accepted.get(id) ?? [];
    accepted.set(id, theirs);
    theirs.push({ key: one.key, next: one.next + 1, score: 0 });
    if (theirs.length <= (room.get(id) ?? 0)) continue;
    for (const each of theirs) if (each.score === 0) each.score = rendezvousScore(each.key, id);
    const lowest = theirs.reduce((low, each) => (each.score < low.score || (each.score === low.score && each.key > low.key) ? each : low));
    theirs.splice(theirs.indexOf(lowest), 1);
    asking.push(lowest);
  }
  for (const [id, theirs] of accepted) for (const { key } of theirs) put(key, id, room, placement);
}

function best(key: string, ids: readonly string[]): string | undefined {
  return ids.reduce<string | undefined>((winner, id) => (winner === undefined || compare(key, id, winner) < 0 ? id : winner), undefined);
}

function put(key: string, id: string, room: Map<string, number>, placement: Map<string, string>): void {
  placement.set(key, id);
  room.set(id, (room.get(id) ?? 0) - 1);
}

/** How this member leaves a partition. */
export interface Leaving {
  /** ms since the others were told, while the coordination was connected all along: an outage begins it anew. */
  readonly forMs: number;
  /** Its next offset when they were told. */
  readonly watermark: number;
}

export interface DecideOptions {
  /**
   * ms for which a partition is answered for after the others were told that it is being left. Longer than it takes until everybody has
   * heard that (a beat and what its transport takes): then of two that leave a partition to each other neither lets go. Default: 2,000.
   */
  readonly noticeMs?: number;
  /** Asked for what this member holds as `leaving`. */
  readonly leaving: (key: string) => Leaving;
}

/** What one member does next. Keys are in order. */
export interface Moves {
  /** Build them: they are placed here and not held. */
  readonly acquire: readonly string[];
  /** Announce them as ready again: they are placed here, and answered for all along. */
  readonly reclaim: readonly string[];
  /** Announce that they are being left, and go on answering. */
  readonly markLeaving: readonly string[];
  /** Let go of them: somebody else answers, or they are no more. */
  readonly release: readonly string[];
}

/**
 * What this member does about what {@link place} says. To be asked whenever something changed, and every few seconds, but only while the
 * coordination is connected (in an outage nobody moves and nobody lets go) and with the partitions of a catalog that was read to its end:
 * a partition that is not named is let go of.
 *
 * What is held here and placed elsewhere is left in three steps: `markLeaving`; then the one at which it is placed has to be `ready` and to have
 * applied all that this member had when it told the others, and the notice has to be over; then `release`. (Its lag behind this member's end
 * of now would not do: what is known of it is a beat old, so under load the lag never looks small. As it is, the lag is at most the notice.)
 * What still builds here is let go of as soon as somebody answers for it, and built on until then: whoever is ready first helps.
 * @param self id of this member; its own holdings in `members` are as they are, those of the others as they were a moment ago.
 */
export function decide(self: string, members: readonly PlacementMember[], partitions: readonly string[], options: DecideOptions): Moves {
  const { noticeMs = 2_000, leaving } = options;
  const placement = place(members, partitions);
  const own = new Map(members.find(({ id }) => id === self)?.holdings.map((holding) => [holding.key, holding]));
  const named = new Set(partitions);
  const answering = answeringOf(members.filter(({ id }) => id !== self), own);
  const moves = { acquire: [] as string[], reclaim: [] as string[], markLeaving: [] as string[], release: [] as string[] };
  for (const [key, id] of placement) if (id === self && !own.has(key)) moves.acquire.push(key);
  for (const { key, state } of own.values()) {
    const others = answering.get(key) ?? [];
    if (!named.has(key)) moves.release.push(key);
    else if (placement.get(key) === self) {
      if (state === 'leaving') moves.reclaim.push(key);
    } else if (state === 'ready') moves.markLeaving.push(key);
    else if (state === 'building' ? others.length > 0 : isRelieved(others.find(({ id }) => id === placement.get(key)), leaving(key), noticeMs)) {
      moves.release.push(key);
    }
  }
  for (const keys of Object.values(moves)) keys.sort();
  return moves;
}

/** A member as those of other groups see it. */
export interface GroupMember extends PlacementMember {
  readonly group: number;
}

/**
 * Whether others answer for all that a member answers for which stops: for each of its partitions somebody, of whatever group, who goes on and has
 * applied all that this one had when it told the others. To be asked again and again, and to hold for a while: what is known of others is a beat old, and one
 * that has died is taken for alive until its time is over.
 *
 * Who is `ready` goes on. Of two that leave the same partition the one that comes first, by group, then by id, counts on the other; that one
 * waits until somebody is `ready` again. So two that are told to stop at once, as by an upgrade of both groups, go one after the other.
 * @param self what it holds; it is leaving all of it.
 * @param others all other members that hold partitions.
 * @param watermarkOf the next offset of a partition here when the others were told.
 */
export function isDispensable(self: GroupMember, others: readonly GroupMember[], watermarkOf: (key: string) => number): boolean {
  const own = new Map(self.holdings.map((holding) => [holding.key, holding]));
  const comesBefore = (id: string): boolean => {
    const group = others.find((member) => member.id === id)?.group ?? self.group;
    return self.group < group || (self.group === group && self.id < id);
  };
  const answering = answeringOf(others, own);
  return [...own.values()].every(({ key, state }) => state === 'building' || (answering.get(key) ?? []).some((other) =>
    other.watermark >= watermarkOf(key) && (other.state === 'ready' || comesBefore(other.id))));
}

function isRelieved(successor: Answering | undefined, { forMs, watermark }: Leaving, noticeMs: number): boolean {
  return successor?.state === 'ready' && successor.watermark >= watermark && forMs >= noticeMs;
}

interface Answering extends PlacedHolding {
  readonly id: string;
}

/** Who of the others answers for what is held here. */
function answeringOf(others: readonly PlacementMember[], own: ReadonlyMap<string, PlacedHolding>): Map<string, Answering[]> {
  const answering = new Map<string, Answering[]>();
  for (const { id, holdings } of others) {
    for (const holding of holdings) {
      if (holding.state === 'building' || !own.has(holding.key)) continue;
      answering.set(holding.key, [...answering.get(holding.key) ?? [], { ...holding, id }]);
    }
  }
  return answering;
}
