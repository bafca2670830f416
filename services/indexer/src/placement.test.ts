import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import type { HoldingState } from '@proximadb/coordination';
import fc from 'fast-check';
import {
  decide, isDispensable, partitionKey, place, rendezvousScore, type GroupMember, type Leaving, type Moves, type PlacedHolding, type PlacementMember,
} from './placement.ts';

/** fast-check prints the seed and the path of a property that fails. */
function check<T>(property: fc.IProperty<T>, numRuns = 300): void {
  fc.assert(property, { numRuns, interruptAfterTimeLimit: 5_000 });
}

/** Numbers in [0, 1) (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
const seeds = fc.integer().map(randomOf);

const keysOf = (count: number): string[] => Array.from({ length: count }, (_, at) => partitionKey(1 + (at >> 4), at % 16));
const idsOf = (count: number): string[] => Array.from({ length: count }, (_, at) => `indexer-${at}`);
const ready = (key: string): PlacedHolding => ({ key, state: 'ready', watermark: 0 });
const none = (id: string): PlacementMember => ({ id, holdings: [] });

function loads(members: readonly PlacementMember[], placement: ReadonlyMap<string, string>): number[] {
  const counts = new Map(members.map(({ id }) => [id, 0]));
  for (const id of placement.values()) counts.set(id, (counts.get(id) ?? NaN) + 1);
  return [...counts.values()];
}

/** All hold what was placed at them, ready. */
function settled(ids: readonly string[], placement: ReadonlyMap<string, string>): PlacementMember[] {
  return ids.map((id) => ({ id, holdings: [...placement].filter(([, at]) => at === id).map(([key]) => ready(key)) }));
}

const moved = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] =>
  [...after].filter(([key, id]) => before.get(key) !== id).map(([key]) => key);

/** Members with any holdings in any states, and the partitions; some holdings are of partitions that are no more. */
const sizes = fc.record({ members: fc.integer({ min: 1, max: 7 }), partitions: fc.integer({ min: 0, max: 40 }) });
const anything = sizes.chain(({ members, partitions }) => {
  const state = fc.constantFrom<HoldingState>('building', 'ready', 'leaving');
  const holding = fc.record({ key: fc.constantFrom(...keysOf(partitions + 3)), state, watermark: fc.nat(50) });
  const held = fc.uniqueArray(holding, { selector: ({ key }) => key, maxLength: partitions + 3 });
  const all = idsOf(members).map((id) => held.map((holdings) => ({ id, holdings })));
  return fc.record({ members: fc.tuple(...all), partitions: fc.constant(keysOf(partitions)) });
});

describe('the score', () => {
  test('is the same in every release', () => {
    const scores = [rendezvousScore('1-0', 'indexer-0'), rendezvousScore('', ''), rendezvousScore('ä-1', '😀')];
    assert.deepEqual(scores, [8_153_044_915_749_184, 4_446_763_975_410_778, 5_146_294_375_738_446]);
  });

  test('is spread evenly, and of a partition over the members, too', () => {
    const wins = new Map<string, number>();
    const ids = idsOf(10);
    let high = 0;
    for (const key of keysOf(20_000)) {
      const scores = ids.map((id) => rendezvousScore(key, id));
      const winner = ids[scores.indexOf(Math.max(...scores))] ?? '';
      wins.set(winner, (wins.get(winner) ?? 0) + 1);
      if ((scores[0] ?? 0) >= 2 ** 52) high += 1;
    }
    // 2,000 wins each, with a standard deviation of 42.
    for (const count of wins.values()) assert.ok(Math.abs(count - 2_000) < 6 * 42, String([...wins.values()]));
    assert.ok(Math.abs(high - 10_000) < 6 * 71, String(high));
  });
});

describe('place', () => {
  test('places every partition, none beside ⌊P/n⌋ and ⌈P/n⌉, whatever is held', () => {
    check(fc.property(anything, ({ members, partitions }) => {
      const placement = place(members, partitions);
      assert.deepEqual([...placement.keys()].sort(), [...partitions].sort());
      const average = partitions.length / members.length;
      for (const load of loads(members, placement)) assert.ok(load >= Math.floor(average) && load <= Math.ceil(average), `${load} of ${average}`);
    }));
  });

  test('does not depend on the order of members, holdings or partitions, and changes nothing of them', () => {
    check(fc.property(anything, seeds, ({ members, partitions }, random) => {
      const shuffled = <T>(list: readonly T[]): T[] =>
        list.map((item) => ({ item, rank: random() })).sort((a, b) => a.rank - b.rank).map(({ item }) => item);
      const expected = place(members, partitions);
      const frozen = shuffled(members).map(({ id, holdings }) => Object.freeze({ id, holdings: Object.freeze(shuffled(holdings)) }));
      const other = place(Object.freeze(frozen), Object.freeze(shuffled(partitions)));
      assert.deepEqual([...other].sort(), [...expected].sort());
    }));
  });

  test('moves nothing once everything is where it was placed', () => {
    check(fc.property(anything, ({ members, partitions }) => {
      const placement = place(members, partitions);
      assert.deepEqual(moved(placement, place(settled(members.map(({ id }) => id), placement), partitions)), []);
    }));
  });

  test('without members nothing is placed; a member twice is our mistake', () => {
    assert.equal(place([], keysOf(3)).size, 0);
    assert.throws(() => place([none('a'), none('a')], keysOf(3)), /an id of its own/);
  });

  test('of several holders one that is ready keeps it, then the one with the higher score', () => {
    const key = '7-3';
    const [better = '', worse = ''] = ['a', 'b'].sort((a, b) => rendezvousScore(key, b) - rendezvousScore(key, a));
    const hold = (id: string, state: HoldingState): PlacementMember => ({ id, holdings: [{ key, state, watermark: 0 }] });
    assert.equal(place([hold(worse, 'ready'), hold(better, 'ready')], [key]).get(key), better);
    assert.equal(place([hold(worse, 'ready'), hold(better, 'building')], [key]).get(key), worse);
    assert.equal(place([hold(worse, 'building'), hold(better, 'leaving')], [key]).get(key), worse);
  });

  test('what nobody else holds goes back to who is just leaving it, if that one has room', () => {
    const key = '7-3';
    const leaver = (id: string, more: readonly string[]): PlacementMember =>
      ({ id, holdings: [{ key, state: 'leaving', watermark: 0 }, ...more.map(ready)] });
    for (const [leaves, other] of [['a', 'b'], ['b', 'a']] as const) {
      assert.equal(place([none(other), leaver(leaves, [])], [key, '7-4']).get(key), leaves);
      assert.equal(place([none(other), leaver(leaves, ['7-4'])], [key, '7-4']).get(key), other);
    }
  });

  test('the death of one moves only its partitions', () => {
    check(fc.property(fc.integer({ min: 2, max: 12 }), fc.nat(200), fc.nat(), (n, p, pick) => {
      const ids = idsOf(n);
      const before = place(ids.map(none), keysOf(p));
      const dead = ids[pick % n] ?? '';
      const after = place(settled(ids, before).filter(({ id }) => id !== dead), keysOf(p));
      assert.deepEqual(moved(before, after), [...before].filter(([, id]) => id === dead).map(([key]) => key).sort());
    }));
  });

  test('one more member moves no more than ⌈P/n⌉, to it alone, and gives it its share', () => {
    // Over all n to 12 and P to 200: 0.98 P/n on the average, as the share of a newcomer is rounded down as often as up.
    check(fc.property(fc.integer({ min: 2, max: 12 }), fc.nat(200), (n, p) => {
      const before = place(idsOf(n - 1).map(none), keysOf(p));
      const after = place([...settled(idsOf(n - 1), before), none(`indexer-${n}`)], keysOf(p));
      const moves = moved(before, after);
      assert.ok(moves.length <= Math.ceil(p / n) && moves.length >= Math.floor(p / n), `${moves.length} of ${p} by member ${n}`);
      assert.ok(moves.every((key) => after.get(key) === `indexer-${n}`));
    }));
  });

  test('while some have done their part of a change and others not yet, the placement stays the same', () => {
    check(fc.property(fc.integer({ min: 2, max: 8 }), fc.nat(60), fc.boolean(), seeds, (n, p, isJoin, random) => {
      const ids = idsOf(n);
      const before = settled(ids, place(ids.map(none), keysOf(p)));
      const changed = isJoin ? [...before, none('joined')] : before.slice(1);
      const after = place(changed, keysOf(p));
      for (let left = 3; left > 0; left -= 1) {
        const halfway = changed.map(({ id, holdings }): PlacementMember => ({
          id, holdings: [
            ...holdings.map((holding) => (after.get(holding.key) !== id && random() < 0.5 ? { ...holding, state: 'leaving' as const } : holding)),
            ...[...after].filter(([key, at]) => at === id && !holdings.some((holding) => holding.key === key) && random() < 0.5)
              .map(([key]): PlacedHolding => ({ key, state: random() < 0.5 ? 'ready' : 'building', watermark: 0 })),
          ],
        }));
        assert.deepEqual([...place(halfway, keysOf(p))].sort(), [...after].sort());
      }
    }));
  });

  test('members that come one after the other, and die, never move more than that', () => {
    check(fc.property(fc.array(fc.integer({ min: -12, max: 12 }), { minLength: 1, maxLength: 12 }), fc.nat(100), (steps, p) => {
      let members = settled(idsOf(1), place(idsOf(1).map(none), keysOf(p)));
      for (const [at, step] of steps.entries()) {
        const isJoin = step >= 0 || members.length === 1;
        const next = isJoin ? [...members, none(`joined-${at}`)] : members.toSpliced(-step % members.length, 1);
        const after = place(next, keysOf(p));
        const stay = next.flatMap(({ id, holdings }) => holdings.filter(({ key }) => after.get(key) === id)).length;
        const given = next.flatMap(({ holdings }) => holdings).length - stay;
        assert.ok(given <= (isJoin ? Math.ceil(p / next.length) : 0), `${given} given up`);
        members = settled(next.map(({ id }) => id), after);
      }
    }));
  });
});

/** Ticks after which everybody has heard what was announced. */
const delayMax = 4;
const noticeTicks = delayMax + 1;
const ttlTicks = 6;

interface Held {
  state: HoldingState;
  watermark: number;
  leavingSince: number;
  leavingFrom: number;
  readyAt: number;
}

/**
 * Members that hear of each other late, each by its own delay, act when they like, and take their time to build. A tick is an offset of every
 * partition's log.
 */
class Group {
  tick = 0;
  readonly #random: () => number;
  readonly partitions: readonly string[];
  readonly held = new Map<string, Map<string, Held>>();
  readonly #diedAt = new Map<string, number>();
  /** What was announced, at each tick. */
  readonly #history: Map<string, readonly PlacedHolding[]>[] = [];
  /** At which tick's announcements of whom each looks. */
  readonly #looksAt = new Map<string, Map<string, number>>();
  /** Who found out about which death. */
  readonly #lost = new Set<string>();
  /** Moves made so far. */
  moves = 0;

  constructor(members: readonly PlacementMember[], partitions: readonly string[], random: () => number) {
    this.partitions = partitions;
    this.#random = random;
    for (const { id, holdings } of members) {
      const held = ({ state, watermark }: PlacedHolding): Held => ({ state, watermark, leavingSince: 0, leavingFrom: watermark, readyAt: this.#buildTime() });
      this.held.set(id, new Map(holdings.map((holding) => [holding.key, held(holding)])));
    }
  }

  join(id: string): void {
    this.held.set(id, new Map());
  }

  kill(id: string): void {
    this.held.delete(id);
    this.#diedAt.set(id, this.tick);
  }

  answering(key: string): string[] {
    return [...this.held].filter(([, holdings]) => (holdings.get(key)?.state ?? 'building') !== 'building').map(([id]) => id);
  }

  members(): PlacementMember[] {
    return [...this.held].map(([id, holdings]) => ({ id, holdings: announced(holdings) }));
  }

  run(ticks: number, each: () => void = () => undefined): void {
    for (const end = this.tick + ticks; this.tick < end;) {
      this.tick += 1;
      for (const holdings of this.held.values()) for (const held of holdings.values()) this.#work(held);
      this.#history[this.tick] = new Map([...this.held].map(([id, holdings]) => [id, announced(holdings)]));
      for (const id of this.held.keys()) if (this.#random() < 0.7) this.#act(id);
      each();
    }
  }

  #buildTime(): number {
    return this.tick + 1 + Math.floor(this.#random() * 8);
  }

  #work(held: Held): void {
    if (held.state !== 'building') held.watermark = Math.max(held.watermark + 1, this.tick);
    else if (this.tick >= held.readyAt) {
      held.state = 'ready';
      // Behind at first, so that a handover has to wait for it.
      held.watermark = this.tick - 3;
    }
  }

  #view(id: string): PlacementMember[] {
    const looksAt = this.#looksAt.get(id) ?? new Map<string, number>();
    this.#looksAt.set(id, looksAt);
    const seen: PlacementMember[] = [{ id, holdings: announced(this.held.get(id) ?? new Map()) }];
    const others = new Set([...this.held.keys(), ...this.#diedAt.keys()]);
    for (const other of others) {
      const diedAt = this.held.has(other) ? undefined : this.#diedAt.get(other);
      // Each finds out at another time, and then knows.
      if (diedAt !== undefined && this.tick > diedAt + ttlTicks + Math.floor(this.#random() * delayMax)) this.#lost.add(`${id} ${other} ${diedAt}`);
      if (other === id || this.#lost.has(`${id} ${other} ${diedAt}`)) continue;
      const oldest = Math.max(1, this.tick - delayMax, looksAt.get(other) ?? 0);
      const at = oldest + Math.floor(this.#random() * (this.tick - oldest + 1));
      looksAt.set(other, at);
      const last = Math.min(at, diedAt ?? at);
      const holdings = this.#history[last]?.get(other);
      if (holdings !== undefined) seen.push({ id: other, holdings });
    }
    return seen;
  }

  #act(id: string): void {
    const holdings = this.held.get(id) ?? new Map<string, Held>();
    const leaving = (key: string): Leaving => {
      const held = holdings.get(key);
      assert.ok(held?.state === 'leaving');
      return { forMs: this.tick - held.leavingSince, watermark: held.leavingFrom };
    };
    const moves = decide(id, this.#view(id), this.partitions, { noticeMs: noticeTicks, leaving });
    apply(moves, holdings, this.tick, () => this.#buildTime());
    this.moves += Object.values(moves).flat().length;
  }
}

function announced(holdings: ReadonlyMap<string, Held>): PlacedHolding[] {
  return [...holdings].map(([key, { state, watermark }]) => ({ key, state, watermark }));
}

function apply(moves: Moves, holdings: Map<string, Held>, tick: number, buildTime: () => number): void {
  for (const key of moves.acquire) {
    assert.ok(!holdings.has(key));
    holdings.set(key, { state: 'building', watermark: 0, leavingSince: 0, leavingFrom: 0, readyAt: buildTime() });
  }
  const change = (keys: readonly string[], from: HoldingState, to: HoldingState): void => {
    for (const key of keys) {
      const held = holdings.get(key);
      assert.ok(held?.state === from);
      Object.assign(held, { state: to, leavingSince: tick, leavingFrom: held.watermark });
    }
  };
  change(moves.markLeaving, 'ready', 'leaving');
  change(moves.reclaim, 'leaving', 'ready');
  for (const key of moves.release) assert.ok(holdings.delete(key));
}

/** Everything is held once, ready, evenly, and nobody wants anything else. */
function assertSettled(group: Group): void {
  const members = group.members();
  const p = group.partitions.length;
  assert.deepEqual(members.flatMap(({ holdings }) => holdings.map(({ key }) => key)).sort(), [...group.partitions].sort(), 'each partition once');
  for (const { holdings } of members) {
    assert.ok(holdings.every(({ state }) => state === 'ready'));
    assert.ok(holdings.length <= Math.ceil(p / members.length));
  }
  const moves = group.moves;
  group.run(30);
  assert.equal(group.moves, moves, 'nobody moves anything any more');
}

const settlingTicks = 150;

describe('decide', () => {
  test('from any state every partition comes to be held exactly once, ready and evenly, and stays there', () => {
    check(fc.property(anything, seeds, ({ members, partitions }, random) => {
      const group = new Group(members, partitions, random);
      group.run(settlingTicks);
      assertSettled(group);
    }), 100);
  });

  test('while members join, no partition that was answered for is ever left alone', () => {
    const gapsOf = fc.array(fc.nat(12), { minLength: 1, maxLength: 5 });
    check(fc.property(fc.integer({ min: 1, max: 3 }), fc.nat(30), gapsOf, seeds, (n, p, gaps, random) => {
      const group = new Group(settled(idsOf(n), place(idsOf(n).map(none), keysOf(p))), keysOf(p), random);
      group.run(delayMax);
      const each = (): void => {
        for (const key of group.partitions) assert.ok(group.answering(key).length > 0, `${key} at ${group.tick}`);
      };
      for (const [at, gap] of gaps.entries()) {
        group.join(`joined-${at}`);
        group.run(gap, each);
      }
      group.run(settlingTicks, each);
      assertSettled(group);
    }), 100);
  });

  test('from any state, what has been answered for once is answered for until the end', () => {
    check(fc.property(anything, seeds, ({ members, partitions }, random) => {
      const group = new Group(members, partitions, random);
      const once = new Set<string>();
      // Before the first announcements were heard nobody could know.
      group.run(noticeTicks);
      group.run(settlingTicks, () => {
        for (const key of group.partitions) {
          if (group.answering(key).length > 0) once.add(key);
          else assert.ok(!once.has(key), `${key} at ${group.tick}`);
        }
      });
      assert.equal(once.size, partitions.length);
    }), 100);
  });

  test('a member that dies loses its partitions to the others, and these move nothing of their own', () => {
    check(fc.property(fc.integer({ min: 2, max: 6 }), fc.nat(30), fc.nat(), seeds, (n, p, pick, random) => {
      const placement = place(idsOf(n).map(none), keysOf(p));
      const group = new Group(settled(idsOf(n), placement), keysOf(p), random);
      group.run(delayMax);
      const dead = idsOf(n)[pick % n] ?? '';
      group.kill(dead);
      group.run(settlingTicks, () => {
        for (const [key, id] of placement) if (id !== dead) assert.ok(group.held.get(id)?.get(key)?.state === 'ready', `${key} stays at ${id}`);
      });
      assertSettled(group);
    }), 100);
  });

  test('a member that was taken for dead and comes back, and others that come and die at once, end in peace', () => {
    const eventsOf = fc.array(fc.tuple(fc.nat(9), fc.nat(15)), { maxLength: 6 });
    check(fc.property(fc.integer({ min: 2, max: 5 }), fc.nat(24), eventsOf, seeds, (n, p, events, random) => {
      const group = new Group(settled(idsOf(n), place(idsOf(n).map(none), keysOf(p))), keysOf(p), random);
      const away: [string, Map<string, Held>][] = [];
      for (const [what, ticks] of events) {
        const ids = [...group.held.keys()];
        const one = ids[what % ids.length] ?? '';
        const back = away.pop();
        if (back !== undefined && what % 2 === 0) group.held.set(...back);
        else if (ids.length > 1) {
          away.push([one, group.held.get(one) ?? new Map<string, Held>()]);
          group.kill(one);
        }
        group.run(ticks);
      }
      group.run(settlingTicks);
      assertSettled(group);
    }), 100);
  });

  test('nothing is let go of before the successor has caught up and the notice is over', () => {
    const key = '1-0';
    const at = (id: string, state: HoldingState, watermark: number): PlacementMember => ({ id, holdings: [{ key, state, watermark }] });
    const moves = (own: PlacementMember, other: PlacementMember, forMs: number): Moves =>
      decide('a', [own, other], [key], { noticeMs: 100, leaving: () => ({ forMs, watermark: 490 }) });
    const nothing = { acquire: [], reclaim: [], markLeaving: [], release: [] };
    assert.deepEqual(moves(at('a', 'leaving', 500), at('b', 'building', 600), 1_000), nothing);
    assert.deepEqual(moves(at('a', 'leaving', 500), at('b', 'ready', 489), 1_000), nothing);
    assert.deepEqual(moves(at('a', 'leaving', 500), at('b', 'ready', 490), 99), nothing);
    assert.deepEqual(moves(at('a', 'leaving', 500), at('b', 'ready', 490), 100), { ...nothing, release: [key] });
    assert.deepEqual(moves(at('a', 'building', 5), at('b', 'building', 9), 1_000), nothing, 'whoever is ready first helps');
    assert.deepEqual(moves(at('a', 'building', 5), at('b', 'ready', 0), 0), { ...nothing, release: [key] });
  });

  test('what is left and placed here again is not let go of', () => {
    const own = [{ id: 'a', holdings: [{ key: '1-0', state: 'leaving', watermark: 5 } as const] }];
    const moves = decide('a', own, ['1-0'], { leaving: () => ({ forMs: 5_000, watermark: 0 }) });
    assert.deepEqual(moves, { acquire: [], reclaim: ['1-0'], markLeaving: [], release: [] });
  });

  test('a partition that is no more is let go of at once', () => {
    const own = [{ id: 'a', holdings: [ready('1-0'), ready('2-0')] }];
    const moves = decide('a', own, ['2-0'], { leaving: () => assert.fail('nothing is being left') });
    assert.deepEqual(moves, { acquire: [], reclaim: [], markLeaving: [], release: ['1-0'] });
  });
});

describe('isDispensable', () => {
  const watermarkOf = (): number => 7;
  const holder = (id: string, group: number, state: HoldingState, watermark = 7): GroupMember => ({ id, group, holdings: [{ key: '1-0', state, watermark }] });
  const self = holder('m', 1, 'leaving');

  test('by who is ready and has applied what this one had', () => {
    assert.ok(isDispensable(self, [holder('x', 0, 'ready')], watermarkOf));
    assert.ok(isDispensable(self, [holder('x', 1, 'ready')], watermarkOf), 'of its own group, too');
    assert.ok(!isDispensable(self, [holder('x', 0, 'ready', 6)], watermarkOf), 'it is behind');
    assert.ok(!isDispensable(self, [holder('x', 0, 'building')], watermarkOf), 'it answers nobody yet');
    assert.ok(!isDispensable(self, [{ ...holder('x', 0, 'ready'), holdings: [ready('2-0')] }], watermarkOf), 'it holds another one');
    assert.ok(!isDispensable(self, [], watermarkOf));
  });

  test('of what it does not answer for', () => {
    assert.ok(isDispensable({ ...self, holdings: [] }, [], watermarkOf));
    assert.ok(isDispensable(holder('m', 1, 'building'), [], watermarkOf));
  });

  test('of two that leave the same, the first by group and id counts on the other', () => {
    for (const [other, first] of [[holder('a', 2, 'leaving'), true], [holder('z', 0, 'leaving'), false], [holder('z', 1, 'leaving'), true],
      [holder('a', 1, 'leaving'), false]] as const) {
      assert.equal(isDispensable(self, [other], watermarkOf), first);
      assert.equal(isDispensable(other, [self], watermarkOf), !first);
    }
  });

  test('whoever are told to stop at once: when all that may go are gone, nothing is unanswered that was answered', () => {
    const groups = fc.integer({ min: 1, max: 3 });
    check(fc.property(anything, groups, seeds, ({ members }, groupCount, random) => {
      const told = new Set(members.filter(() => random() < 0.7).map(({ id }) => id));
      const all = members.map(({ id, holdings }, at): GroupMember => ({
        id, group: at % groupCount,
        holdings: holdings.map((each) => (each.state === 'building' ? each : { ...each, state: told.has(id) ? 'leaving' : 'ready' })),
      }));
      const answered = (some: readonly GroupMember[]): Set<string> =>
        new Set(some.flatMap(({ holdings }) => holdings.filter(({ state }) => state !== 'building').map(({ key }) => key)));
      const stay = all.filter((one) => !told.has(one.id) || !isDispensable(one, all.filter((other) => other !== one), () => 0));
      assert.deepEqual(answered(stay), answered(all));
    }));
  });
});
