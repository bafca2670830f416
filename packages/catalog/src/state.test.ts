import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { AssertionError } from '@proximadb/errors';
import type { Collection } from './collection.ts';
import type { CatalogEntry, Event } from './events.ts';
import { settingsFrom } from './settings.ts';
import { CatalogState, requestsRemembered } from './state.ts';

const settings = settingsFrom({ dimension: 2, partitions: 1 });
const created = (name: string): Event => ({ kind: 'created', name, settings, description: `of ${name}`, tags: {} });

/** Entries in order, each its own request. */
function fold(...events: readonly Event[]): { state: CatalogState; outcomes: readonly string[] } {
  const state = new CatalogState();
  const outcomes = events.map((event, offset) => {
    const { outcome } = state.apply({ requestId: `r${offset}`, atMicros: offset, event }, offset);
    return outcome.kind === 'applied' ? 'applied' : outcome.reason;
  });
  return { state, outcomes };
}

test('the first to take a name has it, with the offset of its entry + 1 as log number', () => {
  const { state, outcomes } = fold({ kind: 'schema_used', id: 1, fingerprint: 'f', schema: '"x"' }, created('a'), created('a'));
  assert.deepEqual(outcomes, ['applied', 'applied', 'name_taken']);
  assert.deepEqual(state.byName('a'), {
    name: 'a', log: 2, topic: 'proximadb-a-2', topicId: '', state: 'creating', settings, description: 'of a', tags: {}, createdAtMicros: 1,
  } satisfies Collection);
  assert.deepEqual(state.outcomeOf('r2'), { kind: 'refused', event: 'created', log: 2, reason: 'name_taken' });
});

test('a name is free once its collection is deleted, before it is erased', () => {
  const late: Event = { kind: 'ready', log: 1, topicId: 't' };
  const { state, outcomes } = fold(created('a'), { kind: 'deleted', log: 1 }, created('a'), late, { kind: 'erased', log: 1 });
  assert.deepEqual(outcomes, ['applied', 'applied', 'applied', 'not_creating', 'applied']);
  assert.equal(state.byName('a')?.log, 3);
  assert.deepEqual([...state.collections()].map(({ log }) => log), [3]);
});

test('entries that do not apply change nothing and say why', () => {
  const events: readonly (readonly [Event, string])[] = [
    [created('a'), 'applied'],
    [{ kind: 'erased', log: 1 }, 'not_deleted'],
    [{ kind: 'ready', log: 1, topicId: 't' }, 'applied'],
    [{ kind: 'ready', log: 1, topicId: 'u' }, 'not_creating'],
    [{ kind: 'updated', log: 1, description: 'new', tags: null }, 'applied'],
    [{ kind: 'updated', log: 9, description: 'new', tags: null }, 'unknown_log'],
    [{ kind: 'deleted', log: 9 }, 'unknown_log'],
    [{ kind: 'ready', log: 9, topicId: '' }, 'unknown_log'],
    [{ kind: 'erased', log: 9 }, 'unknown_log'],
    [{ kind: 'schema_used', id: 7, fingerprint: 'f', schema: '1' }, 'applied'],
    [{ kind: 'schema_used', id: 7, fingerprint: 'f', schema: '1' }, 'applied'],
    [{ kind: 'schema_used', id: 7, fingerprint: 'g', schema: '2' }, 'schema_conflict'],
    [{ kind: 'deleted', log: 1 }, 'applied'],
    [{ kind: 'deleted', log: 1 }, 'already_deleted'],
    [{ kind: 'updated', log: 1, description: 'newer', tags: null }, 'already_deleted'],
  ];
  const { state, outcomes } = fold(...events.map(([event]) => event));
  assert.deepEqual(outcomes, events.map(([, outcome]) => outcome));
  const { topicId, description, tags } = state.byLog(1) ?? assert.fail();
  assert.deepEqual({ topicId, description, tags }, { topicId: 't', description: 'new', tags: {} });
  assert.equal(state.schema(7)?.schema, '1');
});

test('an entry that repeats a request changes nothing and has the first outcome', () => {
  const state = new CatalogState();
  const entry = (event: Event): CatalogEntry => ({ requestId: 'same', atMicros: 0, event });
  const first = state.apply(entry(created('a')), 0);
  state.apply({ requestId: 'other', atMicros: 0, event: { kind: 'deleted', log: 1 } }, 1);
  const again = state.apply(entry(created('a')), 2);
  assert.deepEqual(again, { outcome: first.outcome, changes: [] });
  assert.equal(state.byName('a'), undefined);
});

test('the requests remembered are bounded, and the oldest is forgotten first', () => {
  const state = new CatalogState();
  for (let offset = 0; offset <= requestsRemembered; offset++) {
    state.apply({ requestId: `r${offset}`, atMicros: 0, event: { kind: 'deleted', log: 1_000_000 } }, offset);
  }
  assert.equal(state.outcomeOf('r0'), undefined);
  assert.notEqual(state.outcomeOf('r1'), undefined);
});

test('a gap in the offsets is our bug', () => {
  assert.throws(() => new CatalogState().apply({ requestId: 'r', atMicros: 0, event: created('a') }, 1), AssertionError);
});

const arbitraryEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.constantFrom('a', 'b', 'c').map(created),
  fc.nat(12).map((log): Event => ({ kind: 'ready', log, topicId: `t${log}` })),
  fc.nat(12).map((log): Event => ({ kind: 'updated', log, description: `d${log}`, tags: null })),
  fc.nat(12).map((log): Event => ({ kind: 'deleted', log })),
  fc.nat(12).map((log): Event => ({ kind: 'erased', log })),
  fc.nat(12).map((log): Event => ({ kind: 'reindex_started', log, settings: { ...settings, partitions: 2 } })),
  fc.record({ log: fc.nat(12), partition: fc.nat(2) }).map((of): Event => ({ kind: 'copier_started', ...of })),
  fc.record({ log: fc.nat(12), partition: fc.nat(2), epoch: fc.nat(60) }).map((of): Event => ({ kind: 'copier_caught_up', ...of })),
  fc.record({ log: fc.nat(12), partition: fc.nat(2), epoch: fc.nat(60) }).map((of): Event => ({ kind: 'partition_drained', ...of, offsets: [of.epoch, 1] })),
  fc.nat(12).map((log): Event => ({ kind: 'reindex_aborted', log })),
  fc.nat(12).map((log): Event => ({ kind: 'generation_discarded', log })),
);

test('in any history a name has one holder, a log number one collection, and each goes only forward', () => {
  fc.assert(fc.property(fc.array(fc.record({ request: fc.nat(60), event: arbitraryEvent }), { maxLength: 60 }), (history) => {
    const state = new CatalogState();
    const steps = ['creating', 'filling', 'ready', 'retired', 'deleted', 'erased'];
    const reached = new Map<number, string>();
    for (const [offset, { request, event }] of history.entries()) {
      const before = JSON.stringify([...state.collections()]);
      const { outcome, changes } = state.apply({ requestId: `r${request}`, atMicros: offset, event }, offset);
      assert.deepEqual(state.outcomeOf(`r${request}`), outcome);
      if (changes.length === 0) assert.equal(JSON.stringify([...state.collections()]), before, 'without a change nothing changed');
      for (const change of changes) {
        if (change.kind === 'updated') continue;
        const { log } = change.collection;
        assert.ok(steps.indexOf(change.kind) > steps.indexOf(reached.get(log) ?? ''), `${log}: ${reached.get(log)} to ${change.kind}`);
        reached.set(log, change.kind);
      }
      const living = [...state.collections()].filter((collection) => collection.state !== 'deleted');
      const holders = living.filter((collection) => collection.state === 'ready' || (collection.state === 'creating' && collection.reindex === undefined));
      assert.equal(new Set(holders.map(({ name }) => name)).size, holders.length);
      for (const holder of holders) assert.equal(state.byName(holder.name), holder);
      for (const { log, state: standing, replacedBy, reindex } of living) {
        const other = state.byLog(replacedBy ?? reindex?.replaces ?? -1);
        if (standing === 'filling') assert.equal(other?.replacedBy, log, 'a generation is filled from one that is read and written');
        if (standing === 'retired') assert.ok(other !== undefined && other.state !== 'creating' && other.state !== 'filling');
        if (standing === 'ready' && replacedBy !== undefined) assert.ok(other?.state === 'creating' || other?.state === 'filling');
      }
      for (const collection of state.collections()) assert.equal(state.byLog(collection.log), collection);
    }
  }), { numRuns: 500, interruptAfterTimeLimit: 3_000 });
});
