import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { offset, partition, type Log } from '@proximadb/log';
import { schemaText } from '@proximadb/schemas';
import { Catalog, type CatalogOptions } from './catalog.ts';
import { catalogTopic } from './journal.ts';
import { EmbeddedRegistry } from './registry.ts';
import type { RegistryState } from './registry-watch.ts';
import { ScratchLog } from './scratch-log.ts';
import { FaultyRegistry } from './scratch-registry.ts';

const ownNames = ['VectorRecord', 'PatchRecord', 'DeleteRecord'] as const;

function withField(name: (typeof ownNames)[number], field: string): string {
  const schema = JSON.parse(schemaText(name)) as { fields: unknown[] };
  schema.fields.push({ name: field, type: 'string', default: '' });
  return JSON.stringify(schema);
}

/** An installation, its registry, and a second, empty registry. */
class Setup implements AsyncDisposable {
  readonly states: RegistryState[] = [];
  readonly #scratch: ScratchLog;
  readonly #elsewhere: ScratchLog;
  readonly registry: FaultyRegistry;
  readonly right: EmbeddedRegistry;
  readonly empty: EmbeddedRegistry;

  static async make(): Promise<Setup> {
    const [scratch, elsewhere] = [await ScratchLog.open(), await ScratchLog.open()];
    return new Setup(scratch, elsewhere, await EmbeddedRegistry.open(scratch.log), await EmbeddedRegistry.open(elsewhere.log));
  }

  private constructor(scratch: ScratchLog, elsewhere: ScratchLog, right: EmbeddedRegistry, empty: EmbeddedRegistry) {
    this.#scratch = scratch;
    this.#elsewhere = elsewhere;
    this.right = right;
    this.empty = empty;
    this.registry = new FaultyRegistry(right);
  }

  get log(): Log { return this.#scratch.log; }

  open(options: Partial<CatalogOptions> = {}): Promise<Catalog> {
    return Catalog.open({ log: this.log, registry: this.registry, onRegistry: (state) => { this.states.push(state); }, ...options });
  }

  /** The catalog of a first process, which has ended. */
  async openedOnce(): Promise<void> {
    const states = this.states.length;
    await (await this.open())[Symbol.asyncDispose]();
    this.states.length = states;
  }

  async catalogEnd(): Promise<number> {
    return (await this.log.read(catalogTopic, partition(0), offset(0), 1)).end;
  }

  async state(kind: RegistryState['kind']): Promise<RegistryState> {
    for (const until = performance.now() + 60_000; performance.now() < until;) {
      const state = this.states.at(-1);
      if (state?.kind === kind) return state;
      await delay(5);
    }
    throw new Error(`the registry did not become ${kind}: ${this.states.map((state) => state.kind).join(', ')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scratch[Symbol.asyncDispose]();
    await this.#elsewhere[Symbol.asyncDispose]();
  }
}

function errorOf(state: RegistryState): AppError {
  assert.ok(state.kind !== 'agrees');
  return state.error;
}

function unavailable(words: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof AppError && error.code === 'UNAVAILABLE' && words.test(error.message);
}

test('a registry that was wiped is filled again with all schemas in use, in the order of their ids, and agrees', async () => {
  await using setup = await Setup.make();
  const evolved = withField('VectorRecord', 'origin');
  const first = await setup.open();
  assert.equal(await setup.right.register('of clients', evolved), 4);
  await first.schemas.walker(4);
  await first[Symbol.asyncDispose]();
  setup.registry.real = setup.empty;
  await using catalog = await setup.open();
  for (const [place, name] of ownNames.entries()) {
    assert.equal(catalog.schemas.idOf(name), place + 1);
    assert.equal(await setup.empty.byId(place + 1), schemaText(name));
  }
  assert.equal(await setup.empty.byId(4), evolved);
  assert.equal(catalog.schemas.registryState.kind, 'agrees');
});

test('a wiped registry that gives other ids stops the start, and an operator is told which id is lost', async () => {
  await using setup = await Setup.make();
  await setup.right.register('of others', '"string"');
  await setup.openedOnce();
  const end = await setup.catalogEnd();
  setup.registry.real = setup.empty;
  await assert.rejects(setup.open(), (error) => error instanceof AppError && error.code === 'DATA_LOSS' && error.message.includes('schema id 2'));
  assert.equal(errorOf(await setup.state('disagrees')).code, 'DATA_LOSS');
  assert.equal(await setup.catalogEnd(), end);
});

test('an exchanged registry is noticed while running: new ids wait, those in use do not, until the right one is back', async () => {
  await using setup = await Setup.make();
  await using catalog = await setup.open({ registryCheckMs: 10 });
  const evolved = withField('VectorRecord', 'origin');
  assert.equal(await setup.right.register('x', evolved), 4);
  for (const text of ['"int"', '"long"', '"float"', '"bytes"', withField('PatchRecord', 'why')]) await setup.empty.register('of others', text);
  const end = await setup.catalogEnd();
  setup.registry.real = setup.empty;
  assert.match(errorOf(await setup.state('disagrees')).message, /schema id 1/);
  for (const id of [4, 5, 99]) {
    await assert.rejects(async () => catalog.schemas.walker(id), unavailable(/operator/));
  }
  for (const name of ownNames) assert.equal(catalog.schemas.text(catalog.schemas.idOf(name)), schemaText(name));
  assert.ok(!(catalog.schemas.walker(catalog.schemas.idOf('PatchRecord')) instanceof Promise));
  assert.equal(await setup.catalogEnd(), end);
  setup.registry.real = setup.right;
  await setup.state('agrees');
  assert.equal((await catalog.schemas.walker(4)).kind, 'upsert');
  assert.equal(catalog.schemas.text(4), evolved);
});

test('a new id is not taken from a registry that was exchanged a moment ago', async () => {
  await using setup = await Setup.make();
  await using catalog = await setup.open({ registryCheckMs: 3_600_000 });
  for (const text of ['"int"', '"long"', '"float"', withField('PatchRecord', 'why')]) await setup.empty.register('of others', text);
  const end = await setup.catalogEnd();
  setup.registry.real = setup.empty;
  for (const id of [4, 5]) await assert.rejects(async () => catalog.schemas.walker(id), { code: 'UNAVAILABLE' });
  assert.equal(catalog.schemas.registryState.kind, 'disagrees');
  assert.equal(await setup.catalogEnd(), end);
});

test('a registry that was wiped a moment ago is filled before a new id is looked up in it', async () => {
  await using setup = await Setup.make();
  await using catalog = await setup.open({ registryCheckMs: 3_600_000 });
  setup.registry.real = setup.empty;
  await assert.rejects(async () => catalog.schemas.walker(4), { code: 'INVALID_ARGUMENT' });
  assert.equal(await setup.empty.byId(3), schemaText('DeleteRecord'));
  assert.equal(catalog.schemas.registryState.kind, 'agrees');
});

test('a registry that does not accept us stops nobody who needs nothing new, and is no mistake of the one who brings a new id', async () => {
  await using setup = await Setup.make();
  await setup.openedOnce();
  setup.registry.fault = new AppError('UNAUTHENTICATED', 'the registry does not accept our credentials');
  await using catalog = await setup.open();
  assert.equal(errorOf(await setup.state('unreachable')).code, 'UNAUTHENTICATED');
  assert.equal(catalog.schemas.idOf('DeleteRecord'), 3);
  await assert.rejects(async () => catalog.schemas.walker(4), unavailable(/credentials/));
  await using another = await Setup.make();
  await assert.rejects(another.open({ registry: setup.registry }), { code: 'UNAUTHENTICATED' });
});

test('a registry that could not be compared is given nothing new', async () => {
  await using setup = await Setup.make();
  setup.registry.refuses = { part: 'DeleteRecord', error: new AppError('UNAVAILABLE', 'it went away') };
  await assert.rejects(setup.open(), { code: 'UNAVAILABLE' });
  setup.registry.refuses = undefined;
  const { registered } = setup.registry;
  const bySchema = new FaultyRegistry(setup.empty);
  bySchema.beforeAnswer = () => Promise.reject(new AppError('UNAVAILABLE', 'no answer'));
  await assert.rejects(setup.open({ registry: bySchema }), { code: 'UNAVAILABLE' });
  assert.equal(bySchema.registered, 0);
  assert.equal(setup.registry.registered, registered);
  await using catalog = await setup.open();
  assert.equal(catalog.schemas.idOf('DeleteRecord'), 3);
});

test('a registry that refuses to be filled again has lost the id', async () => {
  await using setup = await Setup.make();
  await setup.openedOnce();
  setup.registry.real = setup.empty;
  setup.registry.refuses = { part: 'PatchRecord', error: new AppError('INVALID_ARGUMENT', 'incompatible') };
  await assert.rejects(setup.open(), (error) => error instanceof AppError && error.code === 'DATA_LOSS' && error.message.includes('schema id 2'));
});

test('states are reported when they change, and not again', async () => {
  await using setup = await Setup.make();
  await using catalog = await setup.open({ registryCheckMs: 5 });
  assert.deepEqual(setup.states.map(({ kind }) => kind), ['agrees']);
  const questions = setup.registry.questions;
  while (setup.registry.questions < questions + 20) await delay(5);
  setup.registry.down = true;
  await setup.state('unreachable');
  const asked = setup.registry.questions;
  while (setup.registry.questions < asked + 5) await delay(5);
  setup.registry.down = false;
  await setup.state('agrees');
  assert.deepEqual(setup.states.map(({ kind }) => kind), ['agrees', 'unreachable', 'agrees']);
  assert.equal(catalog.schemas.registryState.kind, 'agrees');
});

test('a closed catalog asks no more', async () => {
  await using setup = await Setup.make();
  const catalog = await setup.open({ registryCheckMs: 1 });
  await delay(20);
  await catalog[Symbol.asyncDispose]();
  const { questions } = setup.registry;
  await delay(50);
  assert.equal(setup.registry.questions, questions);
});
