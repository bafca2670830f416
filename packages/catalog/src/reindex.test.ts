import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Event } from './events.ts';
import { settingsFrom } from './settings.ts';
import { CatalogState } from './state.ts';

const settings = settingsFrom({ dimension: 2, partitions: 2 });
const wider = { ...settings, partitions: 3 };

/** A collection of two partitions (log 1) of which generation 3 is being filled. */
class Story {
  readonly state = new CatalogState();
  readonly log: Event[] = [];

  constructor() {
    this.say({ kind: 'created', name: 'a', settings, description: '', tags: {} }, { kind: 'ready', log: 1, topicId: 'old' },
      { kind: 'reindex_started', log: 1, settings: wider }, { kind: 'ready', log: 3, topicId: 'new' });
  }

  /** @returns what became of the last one. */
  say(...events: readonly Event[]): string {
    let last = '';
    for (const event of events) {
      const offset = this.state.next;
      const { outcome } = this.state.apply({ requestId: `r${offset}`, atMicros: offset * 1000, event }, offset);
      last = outcome.kind === 'applied' ? 'applied' : outcome.reason;
      this.log.push(event);
    }
    return last;
  }

  /** @returns its epoch. */
  copier(partition: number): number {
    const epoch = this.state.next;
    assert.equal(this.say({ kind: 'copier_started', log: 3, partition }), 'applied');
    return epoch;
  }

  caughtUp(partition: number, epoch: number): string { return this.say({ kind: 'copier_caught_up', log: 3, partition, epoch }); }
  drained(partition: number, epoch: number, offsets = [0, 0, 0]): string {
    return this.say({ kind: 'partition_drained', log: 3, partition, epoch, offsets });
  }

  get standing(): readonly (string | undefined)[] { return [this.state.byLog(1)?.state, this.state.byLog(3)?.state]; }
  get named(): number | undefined { return this.state.byName('a')?.log; }
}

test('a generation is filled beside the one that has the name, and takes it when the last partition is drained', () => {
  const story = new Story();
  assert.deepEqual([story.standing, story.named], [['ready', 'filling'], 1]);
  const [first, second] = [story.copier(0), story.copier(1)];
  assert.equal(story.drained(0, first), 'not_closing');
  assert.equal(story.caughtUp(0, first), 'applied');
  assert.equal(story.state.byLog(3)?.reindex?.closingAtMicros, null);
  assert.equal(story.caughtUp(1, second), 'applied');
  assert.equal(story.state.byLog(3)?.reindex?.closingAtMicros, 8_000);
  assert.equal(story.say({ kind: 'updated', log: 1, description: 'new', tags: null }), 'applied');
  assert.equal(story.drained(0, first, [5, 0, 1]), 'applied');
  assert.deepEqual([story.standing, story.named], [['ready', 'filling'], 1]);
  assert.equal(story.drained(1, second, [2, 7, 1]), 'applied');
  assert.deepEqual([story.standing, story.named], [['retired', 'ready'], 3]);
  const { reindex, description, topicId } = story.state.byName('a') ?? assert.fail();
  assert.deepEqual([reindex?.floor, reindex?.flippedAtMicros, description, topicId], [[5, 7, 1], 11_000, 'new', 'new']);
});

test('only the newest copier of a partition is heard, and a newer one starts anew', () => {
  const story = new Story();
  const [old, other] = [story.copier(0), story.copier(1)];
  story.caughtUp(0, old);
  const newer = story.copier(0);
  assert.deepEqual([story.caughtUp(1, other), story.caughtUp(0, old)], ['applied', 'not_newest']);
  assert.equal(story.state.byLog(3)?.reindex?.closingAtMicros, null, 'an overtaken copier closes nothing');
  story.caughtUp(0, newer);
  story.drained(0, newer);
  const newest = story.copier(0);
  assert.deepEqual([story.drained(1, other), story.drained(0, newer)], ['applied', 'not_newest']);
  assert.deepEqual(story.standing, ['ready', 'filling'], 'what an overtaken copier drained does not count');
  assert.equal(story.drained(0, newest), 'applied');
  assert.deepEqual(story.standing, ['retired', 'ready']);
  assert.deepEqual(story.state.byLog(3)?.reindex?.copiers.map(({ starts }) => starts), [3, 1]);
});

test('at most one reindex a collection, and of one that is ready', () => {
  const story = new Story();
  assert.equal(story.say({ kind: 'reindex_started', log: 1, settings: wider }), 'reindexing');
  assert.equal(story.say({ kind: 'reindex_started', log: 3, settings: wider }), 'not_ready');
  assert.equal(story.say({ kind: 'reindex_started', log: 9, settings: wider }), 'unknown_log');
});

test('aborted before it closes it leaves the old one as it was; afterwards it is refused', () => {
  const untouched = new CatalogState();
  untouched.apply({ requestId: 'r0', atMicros: 0, event: { kind: 'created', name: 'a', settings, description: '', tags: {} } }, 0);
  untouched.apply({ requestId: 'r1', atMicros: 1, event: { kind: 'ready', log: 1, topicId: 'old' } }, 1);
  const story = new Story();
  const epoch = story.copier(0);
  story.caughtUp(0, epoch);
  assert.equal(story.say({ kind: 'reindex_aborted', log: 3 }), 'applied');
  assert.deepEqual(story.state.byName('a'), untouched.byName('a'));
  assert.deepEqual([story.caughtUp(0, epoch), story.say({ kind: 'reindex_aborted', log: 3 })], ['not_filling', 'not_filling']);
  assert.equal(story.say({ kind: 'reindex_started', log: 1, settings: wider }), 'applied', 'another one may come');

  const late = new Story();
  for (const partition of [0, 1]) late.caughtUp(partition, late.copier(partition));
  assert.equal(late.say({ kind: 'reindex_aborted', log: 3 }), 'closing');
});

test('a collection goes with all its generations', () => {
  const filling = new Story();
  assert.equal(filling.say({ kind: 'deleted', log: 1 }), 'applied');
  assert.deepEqual([filling.standing, filling.named], [['deleted', 'deleted'], undefined]);

  const flipped = new Story();
  const epochs = [0, 1].map((partition) => flipped.copier(partition));
  epochs.forEach((epoch, partition) => { flipped.caughtUp(partition, epoch); });
  epochs.forEach((epoch, partition) => { flipped.drained(partition, epoch); });
  // Whoever had looked it up before the flip means the collection.
  assert.equal(flipped.say({ kind: 'updated', log: 1, description: 'late', tags: null }), 'applied');
  assert.equal(flipped.state.byName('a')?.description, 'late');
  assert.equal(flipped.say({ kind: 'deleted', log: 1 }), 'applied');
  assert.deepEqual([flipped.standing, flipped.named], [['deleted', 'deleted'], undefined]);
});

test('a replaced generation is discarded by itself, and nothing else is', () => {
  const story = new Story();
  assert.equal(story.say({ kind: 'generation_discarded', log: 1 }), 'not_retired');
  const epochs = [0, 1].map((partition) => story.copier(partition));
  epochs.forEach((epoch, partition) => { story.caughtUp(partition, epoch); });
  epochs.forEach((epoch, partition) => { story.drained(partition, epoch); });
  assert.equal(story.say({ kind: 'generation_discarded', log: 1 }), 'applied');
  assert.equal(story.say({ kind: 'generation_discarded', log: 1 }), 'not_retired');
  assert.deepEqual([story.standing, story.named], [['deleted', 'ready'], 3]);
  assert.equal(story.say({ kind: 'erased', log: 1 }), 'applied');
  assert.equal(story.say({ kind: 'generation_discarded', log: 3 }), 'not_retired');
});

test('in whatever order a reindex\'s entries come, late and doubled, it flips only after a drain of every newest copier that followed the closing', () => {
  const entry = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('copier_started' as const), partition: fc.nat(1) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('copier_caught_up' as const), partition: fc.nat(1), back: fc.nat(2) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('partition_drained' as const), partition: fc.nat(1), back: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('reindex_aborted' as const), partition: fc.constant(0) }) },
  );
  let flips = 0;
  fc.assert(fc.property(fc.array(entry, { maxLength: 40, size: 'max' }), (entries) => {
    const story = new Story();
    const epochs: number[][] = [[], []];
    const drained = [false, false];
    const caught = [false, false];
    let state: 'filling' | 'closing' | 'ready' | 'deleted' = 'filling';
    for (const one of entries) {
      const { partition } = one;
      const known = epochs[partition] ?? [];
      const epoch = 'back' in one ? known.at(-1 - one.back) ?? 0 : 0;
      const newest = epoch === known.at(-1);
      const over: boolean = state === 'ready' || state === 'deleted';
      if (one.kind === 'copier_started') {
        const at = story.state.next;
        const outcome = story.say({ kind: one.kind, log: 3, partition });
        assert.equal(outcome, over ? 'not_filling' : 'applied');
        if (over) continue;
        known.push(at);
        caught[partition] = drained[partition] = false;
      } else if (one.kind === 'copier_caught_up') {
        assert.equal(story.caughtUp(partition, epoch) === 'applied', !over && newest);
        if (!over && newest) caught[partition] = true;
        if (state === 'filling' && caught.every(Boolean)) state = 'closing';
      } else if (one.kind === 'partition_drained') {
        const counts: boolean = state === 'closing' && newest;
        assert.equal(story.drained(partition, epoch) === 'applied', counts);
        if (counts) drained[partition] = true;
        if (counts && drained.every(Boolean)) state = 'ready';
      } else {
        assert.equal(story.say({ kind: one.kind, log: 3 }) === 'applied', state === 'filling');
        if (state === 'filling') state = 'deleted';
      }
      assert.equal(story.state.byLog(3)?.state, state === 'closing' ? 'filling' : state);
      assert.equal(story.named, state === 'ready' ? 3 : 1);
    }
    if (state === 'ready') flips += 1;
  }), { numRuns: 2_000, interruptAfterTimeLimit: 3_000 });
  assert.ok(flips > 0, 'some of the stories come to the flip');
});
