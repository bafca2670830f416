import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { partition } from '@proximadb/log';
import { schemaText } from '@proximadb/schemas';
import { registryContract } from './contract.ts';
import { EmbeddedRegistry, registryTopic } from './registry.ts';
import { ScratchLog } from './scratch-log.ts';

registryContract('embedded registry', async () => {
  const scratch = await ScratchLog.open();
  return {
    registry: await EmbeddedRegistry.open(scratch.log),
    another: () => EmbeddedRegistry.open(scratch.log),
    close: () => scratch[Symbol.asyncDispose](),
  };
});

test('ids count up from 1 in the order of registration and are the same after a restart', async () => {
  await using scratch = await ScratchLog.open();
  const names = ['PatchRecord', 'VectorRecord', 'DeleteRecord'] as const;
  const registry = await EmbeddedRegistry.open(scratch.log);
  for (const [place, name] of names.entries()) assert.equal(await registry.register(`proximadb-${name}`, schemaText(name)), place + 1);
  await scratch.restart();
  const again = await EmbeddedRegistry.open(scratch.log);
  for (const [place, name] of names.entries()) {
    assert.equal(await again.byId(place + 1), schemaText(name));
    assert.equal(await again.register(`proximadb-${name}`, schemaText(name)), place + 1);
  }
  assert.equal(await again.register('proximadb-Value', schemaText('Value')), 4);
});

test('what the slower of two writers left in the log takes no id', async () => {
  await using scratch = await ScratchLog.open();
  const registry = await EmbeddedRegistry.open(scratch.log);
  assert.equal(await registry.register('a', '"string"'), 1);
  await scratch.log.append(registryTopic, [{ partition: partition(0), key: Buffer.from('a'), value: Buffer.from('"string"'), headers: {} }]);
  assert.equal(await registry.register('b', '"long"'), 2);
  const another = await EmbeddedRegistry.open(scratch.log);
  for (const client of [registry, another]) {
    assert.equal(await client.register('a', '"string"'), 1);
    assert.equal(await client.byId(2), '"long"');
    assert.equal(await client.byId(3), undefined);
  }
});

test('a full registry refuses new schemas with a time to come back, and still knows the old ones', async () => {
  await using scratch = await ScratchLog.open();
  const registry = await EmbeddedRegistry.open(scratch.log, { schemasMax: 1 });
  assert.equal(await registry.register('a', '"string"'), 1);
  await assert.rejects(registry.register('b', '"long"'), { code: 'RESOURCE_EXHAUSTED', retryAfterMs: 60_000 });
  assert.equal(await registry.register('a', '"string"'), 1);
});
