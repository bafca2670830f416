import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '@proximadb/errors';
import { offset, partition, type Log } from '@proximadb/log';
import { Catalog } from './catalog.ts';
import type { Change } from './collection.ts';
import { CatalogCodec, type CatalogEntry } from './events.ts';
import { catalogTopic } from './journal.ts';
import { EmbeddedRegistry } from './registry.ts';
import { ScratchLog } from './scratch-log.ts';
import { settingsFrom } from './settings.ts';
import { CatalogState } from './state.ts';

const settings = settingsFrom({ dimension: 2, partitions: 1 });

type Action = { readonly catalog: number; readonly name: string } &
  ({ readonly kind: 'create' | 'delete' | 'erase' } | { readonly kind: 'update'; readonly description: string });

const common = { catalog: fc.nat(1), name: fc.constantFrom('a', 'b') };
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('create' as const), ...common }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), ...common }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('erase' as const), ...common }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('update' as const), ...common, description: fc.constantFrom('x', 'y') }) },
);
/** Actions of a burst run at once, bursts one after the other. */
const bursts = fc.array(fc.array(action, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 5 });

/** What was answered to a create that succeeded, and to a delete, by the number of the action. */
interface Answers {
  readonly created: number[];
  deletes: number;
}

test('whatever races, every catalog is the fold of the log, and what was answered is what the log decided', async (t) => {
  await using scratch = await ScratchLog.open();
  const { log } = scratch;
  const registry = await EmbeddedRegistry.open(log);
  let runs = 0;
  const untilMs = performance.now() + 5_000;
  const property = fc.asyncProperty(bursts, async (history) => {
    // Not left to fast-check, which would let go of a history half way, with the log closed under its catalogs.
    if (performance.now() > untilMs) return;
    runs++;
    await using one = await Catalog.open({ log, registry });
    await using other = await Catalog.open({ log, registry });
    const catalogs = [one, other] as const;
    const heard = catalogs.map((catalog) => {
      const changes: Change[] = [];
      catalog.onChange((change) => changes.push(change));
      return changes;
    });
    const from = one.list().length;
    assert.equal(from, 0);
    const [start] = await log.extents(catalogTopic);
    const answers: Answers = { created: [], deletes: 0 };
    for (const burst of history) await Promise.all(burst.map((each) => act(catalogs[each.catalog === 0 ? 0 : 1], each, answers)));
    await Promise.all(catalogs.map((catalog) => catalog.catchUp()));

    const entries = await readEntries(log);
    const state = new CatalogState();
    for (const [at, entry] of entries.entries()) state.apply(entry, at);
    const decided = winners(entries);
    for (const catalog of catalogs) {
      assert.deepEqual(catalog.list(), [...state.collections()].filter((each) => each.state === 'ready').sort((a, b) => (a.name < b.name ? -1 : 1)));
      assert.deepEqual(catalog.list().map((each) => each.log), decided.holders);
    }
    const since = start?.end ?? 0;
    for (const created of answers.created) assert.ok(decided.created.has(created), `${created} was answered and not decided`);
    assert.equal(new Set(answers.created).size, answers.created.length, 'two creates were answered with one collection');
    assert.equal(answers.deletes, [...decided.deletedAt.values()].filter((at) => at >= since).length);
    assert.deepEqual(heard[0], heard[1]);
    for (const { name } of one.list()) await one.delete(name);
  });
  await fc.assert(property, { numRuns: 60 });
  t.diagnostic(`${runs} histories`);
  assert.ok(runs > 3, 'time was up before anything was tested');
});

async function act(catalog: Catalog, action: Action, answers: Answers): Promise<void> {
  const { name } = action;
  try {
    switch (action.kind) {
      case 'create': {
        const { log, state } = await catalog.create({ name, settings });
        assert.notEqual(state, 'creating');
        answers.created.push(log);
        return;
      }
      case 'update':
        await catalog.update(name, { description: action.description });
        return;
      case 'delete':
        await catalog.delete(name);
        answers.deletes++;
        return;
      case 'erase':
        for (const each of deletedOnes(catalog)) await catalog.erased(each);
        return;
    }
  } catch (error) {
    if (!(error instanceof AppError) || !['ALREADY_EXISTS', 'NOT_FOUND', 'ABORTED'].includes(error.code)) throw error;
  }
}

function deletedOnes(catalog: Catalog): number[] {
  const logs: number[] = [];
  catalog.onChange(({ kind, collection }) => { if (kind === 'deleted') logs.push(collection.log); })();
  return logs;
}

async function readEntries(log: Log): Promise<CatalogEntry[]> {
  const codec = new CatalogCodec();
  const entries: CatalogEntry[] = [];
  for (let from = offset(0); ;) {
    const { records, next, end } = await log.read(catalogTopic, partition(0), from, 1024 * 1024);
    entries.push(...records.map((record) => codec.decode(record)));
    if (next >= end) return entries;
    from = next;
  }
}

/** Who has which name, said as plainly as possible: a create wins if no earlier winner of the name is without a delete before it. */
function winners(entries: readonly CatalogEntry[]): { holders: number[]; created: Set<number>; deletedAt: Map<number, number> } {
  const created = new Set<number>();
  const deletedAt = new Map<number, number>();
  const nameOf = new Map<number, string>();
  for (const [at, { event }] of entries.entries()) {
    if (event.kind === 'deleted' && created.has(event.log) && !deletedAt.has(event.log)) deletedAt.set(event.log, at);
    if (event.kind !== 'created') continue;
    const held = [...created].some((log) => nameOf.get(log) === event.name && !deletedAt.has(log));
    if (held) continue;
    created.add(at + 1);
    nameOf.set(at + 1, event.name);
  }
  const holders = [...created].filter((log) => !deletedAt.has(log)).sort((a, b) => ((nameOf.get(a) ?? '') < (nameOf.get(b) ?? '') ? -1 : 1));
  return { holders, created, deletedAt };
}

test('what one process created another finds at once, and what nobody created it does not', async () => {
  await using scratch = await ScratchLog.open();
  const registry = await EmbeddedRegistry.open(scratch.log);
  await using one = await Catalog.open({ log: scratch.log, registry });
  await using other = await Catalog.open({ log: scratch.log, registry });
  for (let i = 0; i < 20; i += 1) {
    const created = await one.create({ name: `c${i}`, settings });
    assert.equal((await other.lookUp(`c${i}`)).log, created.log);
  }
  await assert.rejects(other.lookUp('nothing'), (error) => error instanceof AppError && error.code === 'NOT_FOUND');
});
