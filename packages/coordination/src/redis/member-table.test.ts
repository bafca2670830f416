import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import type { Member } from '../port.ts';
import { MemberTable, type Answer, type Heard } from './member-table.ts';

const ttlMs = 3_000;
const beat = 1_000;

const memberOf = (id: string): Member => ({ id, kind: 'indexer', group: 0, address: `${id}:1`, incarnation: 'i', holdings: [], schemas: [] });

/** Beats of an observer, and what the store would answer. */
class Observer {
  readonly table: MemberTable = new MemberTable('self', ttlMs);
  nowMs = 50_000;
  since = '1';
  steadyMs = 1e6;
  readonly stamps = new Map<string, number>();

  /** All beat but those; then this one does, and hears of all that are in the store. */
  beat(silent: readonly string[] = [], heardOf: readonly string[] = [...this.stamps.keys()], answerAfterMs = 1): boolean {
    for (const [id, stamp] of this.stamps) if (!silent.includes(id)) this.stamps.set(id, stamp + 1);
    const sentMs = this.nowMs;
    this.nowMs += answerAfterMs;
    return this.hear(sentMs, heardOf);
  }

  hear(sentMs: number, heardOf: readonly string[]): boolean {
    const known = this.table.versions();
    const heard = heardOf.map((id): Heard => {
      const version = `${id}:1`;
      return { id, stamp: `${id}:${this.stamps.get(id)}`, version, member: known.includes(version) ? undefined : memberOf(id) };
    });
    const answer: Answer = { sentMs, receivedMs: this.nowMs, since: this.since, steadyMs: this.steadyMs, heard };
    return this.table.hear(answer);
  }

  wait(ms: number = beat): void {
    this.nowMs += ms;
  }

  get living(): string[] {
    return this.table.living().map(({ id }) => id).sort();
  }

  /** ms until a member that is silent from now on is dropped, by beats of ours. */
  dropsAfter(id: string): number {
    const began = this.nowMs;
    while (this.living.includes(id)) {
      assert.ok(this.nowMs - began < 60_000, `${id} is never dropped`);
      this.wait();
      this.beat([id]);
    }
    return this.nowMs - began;
  }
}

function observer(...ids: string[]): Observer {
  const made = new Observer();
  for (const id of ids) made.stamps.set(id, 0);
  made.beat();
  return made;
}

describe('who lives', () => {
  test('members are known from the first answer on, without oneself', () => {
    const one = observer('a', 'b', 'self');
    assert.deepEqual(one.living, ['a', 'b']);
  });

  test('who is silent for the time to live is dropped: not before, and within one more beat; the others stay', () => {
    const one = observer('a', 'b');
    for (let i = 0; i < 20; i += 1) {
      one.wait();
      one.beat();
    }
    const ms = one.dropsAfter('a');
    assert.ok(ms >= ttlMs && ms <= ttlMs + beat + 10, `${ms} ms`);
    assert.deepEqual(one.living, ['b']);
  });

  test('a dead member stays dead while the store remembers it, and lives again once it beats', () => {
    const one = observer('a', 'b');
    one.dropsAfter('a');
    for (let i = 0; i < 10; i += 1) {
      one.wait();
      assert.equal(one.beat(['a']), false);
      assert.deepEqual(one.living, ['b']);
    }
    one.wait();
    assert.equal(one.beat(), true);
    assert.deepEqual(one.living, ['a', 'b']);
  });

  test('a store that was emptied makes nobody die, and its emptiness is no word of the dead', () => {
    const one = observer('a', 'b');
    one.since = '2';
    one.steadyMs = 0;
    for (let i = 0; i < 4; i += 1) {
      one.wait();
      one.beat(['a', 'b'], []);
      assert.deepEqual(one.living, ['a', 'b']);
    }
    one.wait();
    one.beat(['b'], ['a']);
    assert.deepEqual(one.living, ['a', 'b']);
    const ms = one.dropsAfter('b');
    assert.ok(ms <= 2 * ttlMs, `${ms} ms`);
    assert.deepEqual(one.living, ['a']);
  });

  test('an outage counts for nobody, however long, nor does one time to live after it', () => {
    const one = observer('a', 'b');
    one.wait(2_900);
    one.table.lost();
    one.wait(100_000);
    one.beat(['a', 'b']);
    const back = one.nowMs;
    while (one.nowMs - back < ttlMs + beat) {
      one.wait();
      one.beat(['a', 'b']);
      assert.deepEqual(one.living, ['a', 'b']);
    }
    const ms = one.nowMs - back + one.dropsAfter('b');
    assert.ok(ms >= 2 * ttlMs && ms <= 2 * ttlMs + 2 * beat, `${ms} ms`);
    assert.deepEqual(one.living, ['a']);
  });

  test('an outage that only others noticed is seen by the store\'s beginning', () => {
    const one = observer('a');
    one.wait(2_900);
    one.since = '2';
    one.beat(['a']);
    one.wait(2_900);
    one.beat(['a']);
    assert.deepEqual(one.living, ['a']);
  });

  test('an answer that lay around, while this process was stopped, is no evidence', () => {
    const one = observer('a', 'b');
    one.wait();
    const sentMs = one.nowMs;
    one.wait(10_000);
    one.hear(sentMs, ['a', 'b']);
    assert.deepEqual(one.living, ['a', 'b']);
    one.beat();
    assert.deepEqual(one.living, ['a', 'b']);
  });

  test('a goodbye is believed at once, and forgotten with the next beat', () => {
    const one = observer('a', 'b');
    const goodbye = { id: 'a', stamp: 'a:1', version: '', member: undefined };
    const answer = { sentMs: one.nowMs, receivedMs: one.nowMs, since: '1', steadyMs: 1e6 };
    assert.equal(one.table.hear({ ...answer, heard: [goodbye] }), true);
    assert.deepEqual(one.living, ['b']);
    assert.equal(one.table.hear({ ...answer, heard: [goodbye] }), false);
    one.beat();
    assert.deepEqual(one.living, ['a', 'b']);
  });

  test('a message that is unknown or unreadable leaves the last one', () => {
    const one = observer('a');
    const answer = { sentMs: one.nowMs, receivedMs: one.nowMs, since: '1', steadyMs: 1e6 };
    const news = { ...memberOf('a'), address: 'elsewhere:1' };
    assert.equal(one.table.hear({ ...answer, heard: [{ id: 'a', stamp: 'a:8', version: 'a:2', member: undefined }] }), false);
    assert.deepEqual(one.table.versions(), ['a:1'], 'asked for again');
    assert.equal(one.table.hear({ ...answer, heard: [{ id: 'a', stamp: 'a:9', version: 'a:2', member: news }] }), true);
    assert.deepEqual([one.table.versions(), one.table.living()], [['a:2'], [news]]);
    assert.equal(one.table.hear({ ...answer, heard: [{ id: 'x', stamp: 'x:1', version: 'x:1', member: undefined }] }), false);
    assert.deepEqual(one.living, ['a'], 'somebody of whom nothing is known is nobody');
  });
});

describe('those that are remembered from before', () => {
  const remembering = (steadyMs: number): Observer => {
    const one = new Observer();
    one.steadyMs = steadyMs;
    one.table.remember([memberOf('a'), memberOf('b'), memberOf('self')]);
    one.stamps.set('a', 0);
    return one;
  };

  test('live until the store answers', () => {
    const one = remembering(0);
    one.wait(1e6);
    assert.deepEqual(one.living, ['a', 'b']);
  });

  test('and are believed dead if the store, to which all have had time to come, does not know them', () => {
    const one = remembering(6_001);
    assert.equal(one.beat(), true);
    assert.deepEqual(one.living, ['a']);
  });

  test('but get their time if the store is new', () => {
    const one = remembering(10);
    one.beat();
    assert.deepEqual(one.living, ['a', 'b']);
    const ms = one.dropsAfter('b');
    assert.ok(ms > 2 * ttlMs - beat && ms <= 2 * ttlMs + beat, `${ms} ms`);
    assert.deepEqual(one.living, ['a']);
  });
});
