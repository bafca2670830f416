import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Holding, HoldingState, Member } from '@proximadb/coordination';
import { CoordinationRoutes, type Replica } from './routes.ts';

function board() {
  const members = new Map<string, Member>();
  let listener = (): void => undefined;
  const coordination = {
    get members() { return [...members.values()]; },
    onChange: (told: () => void) => {
      listener = told;
      return () => { listener = () => undefined; };
    },
  };
  const holding = (partition: number, state: HoldingState = 'ready', watermark = 0, log = 7): Holding => ({ log, partition, state, watermark });
  return {
    coordination, holding,
    set: (id: string, group: number, holdings: readonly Holding[], kind: Member['kind'] = 'indexer'): void => {
      members.set(id, { id, kind, group, address: `${id}:1`, incarnation: 'x', holdings, schemas: [] });
      listener();
    },
    drop: (id: string): void => {
      members.delete(id);
      listener();
    },
  };
}
const ids = (replicas: readonly Replica[]) => replicas.map(({ memberId, ready }) => (ready ? memberId : `(${memberId})`));

test('ready and leaving replicas count, those about to let go last; building ones where there is nobody else', () => {
  const { coordination, holding, set } = board();
  using routes = new CoordinationRoutes(coordination);
  set('old', 0, [holding(0, 'leaving'), holding(1)]);
  set('new', 0, [holding(0), holding(2, 'building')]);
  set('other', 1, [holding(0, 'building'), holding(1)]);
  set('gateway', 0, [holding(0)], 'gateway');
  assert.deepEqual(ids(routes.replicas(7, 0)), ['new', 'old']);
  assert.deepEqual(ids(routes.replicas(7, 1)), ['old', 'other']);
  assert.deepEqual(ids(routes.replicas(7, 2)), ['(new)']);
  assert.deepEqual(ids(routes.replicas(7, 3)), []);
  assert.deepEqual(ids(routes.replicas(8, 0)), []);
  assert.deepEqual(ids(routes.holders(7)).sort(), ['new', 'old', 'other']);
  assert.deepEqual(routes.replicas(7, 1)[0], { memberId: 'old', address: 'old:1', incarnation: 'x', group: 0, ready: true, building: false });
  assert.ok(routes.replicas(7, 2).every(({ building }) => building));
});

test('who held a partition last is still named when nobody does, but not as ready', () => {
  const { coordination, holding, set, drop } = board();
  using routes = new CoordinationRoutes(coordination, 1);
  set('a', 0, [holding(0), holding(1)]);
  set('a', 0, [holding(0)]);
  assert.deepEqual(ids(routes.replicas(7, 1)), ['(a)']);
  drop('a');
  assert.deepEqual(ids(routes.replicas(7, 0)), ['(a)']);
  assert.deepEqual(ids(routes.holders(7)), ['(a)']);
  set('b', 0, [holding(0)]);
  assert.deepEqual(ids(routes.replicas(7, 0)), ['b']);
  // Of logs that nobody holds, few are remembered.
  for (const log of [8, 9, 10]) set('b', 0, [holding(0, 'ready', 0, log)]);
  set('b', 0, []);
  assert.deepEqual([7, 8, 9, 10].map((log) => routes.replicas(log, 0).length), [0, 0, 0, 1]);
});

test('listeners hear of who holds what in which state, and not of watermarks', () => {
  const { coordination, holding, set, drop } = board();
  using routes = new CoordinationRoutes(coordination);
  let told = 0;
  const end = routes.onChange(() => { told += 1; });
  set('a', 0, [holding(0, 'building')]);
  set('a', 0, [holding(0, 'building', 99)]);
  assert.equal(told, 1);
  set('a', 0, [holding(0, 'ready', 99)]);
  drop('a');
  assert.equal(told, 3);
  end();
  set('a', 0, [holding(0)]);
  assert.equal(told, 3);
});
