/** What every schema registry has to do. Subjects and schemas are new ones at each run, so that it can run on a server that others use. */
import { AppError } from '@proximadb/errors';
import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { SchemaRegistry } from './registry.ts';

export interface OpenedRegistry {
  readonly registry: SchemaRegistry;
  /** Another client of the same registry, which has cached nothing. */
  readonly another: () => Promise<SchemaRegistry>;
  readonly close: () => Promise<void>;
}

export function registryContract(name: string, open: () => Promise<OpenedRegistry>): void {
  const contract = (promise: string, run: (opened: OpenedRegistry) => Promise<void>): void => {
    void test(`${name}: ${promise}`, async () => {
      const opened = await open();
      try {
        await run(opened);
      } finally {
        await opened.close();
      }
    });
  };

  contract('a schema has a whole number from 1 on as its id, and its text comes back as it was', async ({ registry }) => {
    const { subject, text } = newSchema();
    const id = await registry.register(subject, text());
    assert.ok(Number.isInteger(id) && id >= 1 && id <= 0x7fff_ffff, String(id));
    assert.equal(await registry.byId(id), text());
  });

  contract('registered again a schema has the same id, its next version another', async ({ registry }) => {
    const { subject, text } = newSchema();
    const id = await registry.register(subject, text());
    const next = await registry.register(subject, text('added'));
    assert.notEqual(next, id);
    assert.equal(await registry.register(subject, text()), id);
    assert.equal(await registry.byId(id), text());
    assert.equal(await registry.byId(next), text('added'));
  });

  contract('what one client registered another finds, under the same id', async ({ registry, another }) => {
    const { subject, text } = newSchema();
    const early = await another();
    const id = await registry.register(subject, text());
    for (const other of [early, await another()]) {
      assert.equal(await other.byId(id), text());
      assert.equal(await other.register(subject, text()), id);
    }
  });

  contract('clients that register one schema at once get one id', async ({ registry, another }) => {
    const { subject, text } = newSchema();
    const clients = [registry, registry, await another(), await another()];
    const ids = await Promise.all(clients.map((client) => client.register(subject, text())));
    assert.equal(new Set(ids).size, 1, String(ids));
  });

  contract('an id that nobody gave is unknown', async ({ registry }) => {
    assert.equal(await registry.byId(2_000_000_011), undefined);
    const { subject, text } = newSchema();
    const id = await registry.register(subject, text());
    assert.equal(await registry.byId(id + 1_000_000), undefined);
  });

  contract('what is no schema is refused as such, and nothing is registered', async ({ registry }) => {
    const { subject, text } = newSchema();
    for (const bad of ['', '{', '{"type":"nonsense"}', '{"type":"record","name":"X"}']) {
      await assert.rejects(registry.register(subject, bad), (error) => error instanceof AppError && error.code === 'INVALID_ARGUMENT', bad);
    }
    const id = await registry.register(subject, text());
    assert.equal(await registry.byId(id), text());
  });
}

/** A schema of a name that was never used, in canonical form; a version with a field more is compatible both ways. */
function newSchema(): { readonly subject: string; readonly text: (field?: string) => string } {
  const unique = randomUUID().replaceAll('-', '');
  return {
    subject: `proximadb-contract-${unique}`,
    text: (field) => JSON.stringify({
      type: 'record', name: `Contract${unique}`, namespace: 'proximadb.contract',
      fields: [{ name: 'id', type: 'string' }, ...(field === undefined ? [] : [{ name: field, type: 'long', default: 0 }])],
    }),
  };
}
