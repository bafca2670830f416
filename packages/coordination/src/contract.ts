/**
 * What every adapter of the coordination port promises, as tests on the real thing. Call {@link coordinationContract} from a test file of the
 * adapter. What needs several members runs if the adapter has a place where they meet.
 */
import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { after, describe, test as nodeTest } from 'node:test';
import type { Coordination, Holding, Member, MemberIdentity } from './port.ts';

export interface ContractOptions {
  /** Joins the one installation that the suite uses. */
  readonly open: (self: MemberIdentity) => Promise<Coordination>;
  /** Whether members that are opened know each other. */
  readonly several: boolean;
  /** Why the suite cannot run here. */
  readonly skip?: string | false;
}

/** The others know after a beat of theirs; this is for a machine that is busy, and nobody waits for it otherwise. */
const patienceMs = 60_000;
/** The runner awaits its tests itself. */
const test = (title: string, body: () => Promise<void>): void => void nodeTest(title, body);

export function holding(partition: number, state: Holding['state'] = 'ready', watermark = 0): Holding {
  return { log: 7, partition, state, watermark };
}

export function selfOf(id: string, kind: Member['kind'] = 'indexer'): MemberIdentity {
  return { id, kind, group: 1, address: `${id}.test:7000`, incarnation: randomUUID() };
}

/** @throws AssertionError if it does not come to hold in time. */
export async function eventually(holds: () => boolean, what: string, withinMs: number = patienceMs): Promise<void> {
  const began = performance.now();
  for (;;) {
    const ms = performance.now() - began;
    if (holds()) return;
    assert.ok(ms < withinMs, `not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 5); });
  }
}

/** What a member sees another one hold; undefined if it does not see it. */
export const seenBy = (coordination: Coordination, id: string): readonly Holding[] | undefined =>
  coordination.members.find((member) => member.id === id)?.holdings;

export function coordinationContract(name: string, { open, several, skip = false }: ContractOptions): void {
  void describe(`coordination contract: ${name}`, { skip }, () => {
    const opened: Coordination[] = [];
    const join = async (id: string = randomUUID()): Promise<Coordination> => {
      const coordination = await open(selfOf(id));
      opened.push(coordination);
      return coordination;
    };
    after(async () => { for (const coordination of opened) await coordination[Symbol.asyncDispose](); });
    alone(join);
    buckets(join);
    if (several) together(join);
  });
}

type Join = (id?: string) => Promise<Coordination>;

function alone(join: Join): void {
  test('a member knows itself from the start, with nothing held, and is connected', async () => {
    const id = randomUUID();
    const coordination = await join(id);
    const own = coordination.members.find((member) => member.id === id);
    assert.deepEqual({ ...own, incarnation: '' }, { ...selfOf(id), incarnation: '', holdings: [], schemas: [] });
    assert.equal(coordination.connected, true);
  });

  test('an announcement replaces what is held, and is told of until one listens no more', async () => {
    const id = randomUUID();
    const coordination = await join(id);
    let told = 0;
    const end = coordination.onChange(() => { told += 1; });
    const holdings = [holding(1, 'building'), holding(2, 'ready', 5)];
    coordination.announce(holdings);
    await eventually(() => told > 0, 'told of the announcement');
    assert.deepEqual(seenBy(coordination, id), holdings);
    coordination.announce([holding(2, 'leaving', 6)]);
    await eventually(() => told > 1, 'told of the second one');
    assert.deepEqual(seenBy(coordination, id), [holding(2, 'leaving', 6)]);
    coordination.announce([holding(2, 'leaving', 7)]);
    await eventually(() => seenBy(coordination, id)?.[0]?.watermark === 7, 'a watermark, with the next beat');
    end();
    const before = told;
    coordination.announce([]);
    await eventually(() => seenBy(coordination, id)?.length === 0, 'nothing is held');
    await new Promise((resolve) => { setTimeout(resolve, 50); });
    assert.equal(told, before);
  });

  test('what is announced is as it was then, whatever becomes of the list', async () => {
    const id = randomUUID();
    const coordination = await join(id);
    const list = [holding(1)];
    coordination.announce(list);
    list.push(holding(2));
    assert.deepEqual(seenBy(coordination, id), [holding(1)]);
  });

  test('schemas that are announced stand beside what is held, and are told of', async () => {
    const id = randomUUID();
    const coordination = await join(id);
    coordination.announce([holding(1)]);
    let told = 0;
    coordination.onChange(() => { told += 1; });
    const ids = [3, 1];
    coordination.announceSchemas(ids);
    ids.push(7);
    await eventually(() => told > 0, 'told of the schemas');
    coordination.announce([holding(2)]);
    const own = coordination.members.find((member) => member.id === id);
    assert.deepEqual([own?.schemas, own?.holdings], [[3, 1], [holding(2)]]);
  });

  test('a listener may announce', async () => {
    const coordination = await join();
    let told = 0;
    coordination.onChange(() => {
      told += 1;
      if (told < 3) coordination.announce([holding(told)]);
    });
    coordination.announce([]);
    coordination.announce([holding(0)]);
    await eventually(() => told === 3, 'told of its own announcements');
  });

  test('goodbye may be said twice', async () => {
    const coordination = await join();
    await coordination[Symbol.asyncDispose]();
    await coordination[Symbol.asyncDispose]();
    assert.equal(coordination.members.length > 0, true);
  });
}

function buckets(join: Join): void {
  test('a bucket gives its burst, then says when to come back, and has tokens then', async () => {
    const coordination = await join();
    const bucket = randomUUID();
    const limit = { perSecond: 20, burst: 10 };
    assert.equal(await coordination.take(bucket, 4, limit), 0);
    assert.equal(await coordination.take(bucket, 6, limit), 0);
    const waitMs = await coordination.take(bucket, 5, limit);
    assert.ok(waitMs > 100 && waitMs <= 250 && Number.isInteger(waitMs), `${waitMs} ms for 5 tokens of 50 ms`);
    await new Promise((resolve) => { setTimeout(resolve, waitMs + 5); });
    assert.equal(await coordination.take(bucket, 5, limit), 0);
    assert.ok(await coordination.take(bucket, 5, limit) > 0);
  });

  test('each bucket is its own; nothing, and more than the burst, can be asked for', async () => {
    const coordination = await join();
    const limit = { perSecond: 1, burst: 3 };
    const [one, other] = [randomUUID(), randomUUID()];
    assert.equal(await coordination.take(one, 0, limit), 0);
    assert.equal(await coordination.take(one, 50, limit), 0, 'counts as the burst');
    assert.ok(await coordination.take(one, 1, limit) > 0);
    assert.equal(await coordination.take(one, 0, limit), 0);
    assert.equal(await coordination.take(other, 3, limit), 0);
  });

  test('of many that ask at once as many get tokens as there are', async () => {
    const coordination = await join();
    const bucket = randomUUID();
    const answers = await Promise.all(Array.from({ length: 100 }, () => coordination.take(bucket, 1, { perSecond: 0.1, burst: 30 })));
    assert.equal(answers.filter((waitMs) => waitMs === 0).length, 30);
  });
}

function together(join: Join): void {
  test('members know each other soon, sorted by id, and what each holds', async () => {
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    const members = await Promise.all(ids.map((id) => join(id)));
    for (const member of members) await eventually(() => ids.every((id) => seenBy(member, id) !== undefined), 'all are known');
    for (const { members: list } of members) assert.deepEqual(list.map(({ id }) => id), list.map(({ id }) => id).sort());
    const holdings = [holding(1, 'building', 2 ** 40), holding(2, 'ready', 5), holding(3, 'leaving', 0)];
    members[0]?.announce(holdings);
    for (const member of members) await eventually(() => seenBy(member, ids[0] ?? '')?.length === 3, 'what is held');
    for (const member of members) assert.deepEqual(seenBy(member, ids[0] ?? ''), holdings);
  });

  test('the others are told which schemas a member reads, and of changes', async () => {
    const id = randomUUID();
    const [one, other] = [await join(id), await join()];
    const read = (): readonly number[] | undefined => other.members.find((member) => member.id === id)?.schemas;
    await eventually(() => read()?.length === 0, 'known, and that it did not say yet');
    one.announceSchemas([1, 2, 2 ** 31 - 1]);
    await eventually(() => read()?.length === 3, 'the schemas');
    assert.deepEqual(read(), [1, 2, 2 ** 31 - 1]);
    one.announceSchemas([1, 2]);
    await eventually(() => read()?.length === 2, 'fewer');
  });

  test('the others are told of changes, of watermarks, too', async () => {
    const id = randomUUID();
    const [one, other] = [await join(id), await join()];
    one.announce([holding(1, 'ready', 1)]);
    await eventually(() => seenBy(other, id)?.length === 1, 'the announcement');
    let told = 0;
    other.onChange(() => { told += 1; });
    one.announce([holding(1, 'ready', 2)]);
    await eventually(() => told > 0 && seenBy(other, id)?.[0]?.watermark === 2, 'a watermark');
  });

  test('who says goodbye is gone at once, and can come back', async () => {
    const id = randomUUID();
    const [one, other] = [await join(id), await join()];
    await eventually(() => seenBy(other, id) !== undefined, 'known');
    await one[Symbol.asyncDispose]();
    // Before its time to live is over, after which it would be gone without a goodbye, too.
    await eventually(() => seenBy(other, id) === undefined, 'gone', 2_000);
    const again = await join(id);
    await eventually(() => seenBy(other, id) !== undefined, 'back');
    assert.equal(again.connected, true);
  });

  test('a bucket is shared: all together get its burst', async () => {
    const members = await Promise.all([join(), join(), join()]);
    const bucket = randomUUID();
    const asked = members.flatMap((member) => Array.from({ length: 20 }, () => member.take(bucket, 1, { perSecond: 0.1, burst: 30 })));
    assert.equal((await Promise.all(asked)).filter((waitMs) => waitMs === 0).length, 30);
  });
}
