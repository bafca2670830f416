import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { missing } from './missing.ts';
import { startRegistry } from './registry.ts';

const skip = missing('registry');
const json = { 'content-type': 'application/vnd.schemaregistry.v1+json' };

function schema(...fields: readonly string[]): string {
  return JSON.stringify({ type: 'record', name: 'Word', fields: fields.map((name) => ({ name, type: 'string' })) });
}

async function register(url: string, subject: string, text: string): Promise<{ status: number; body: { id?: number; message?: string } }> {
  const answer = await fetch(`${url}/subjects/${subject}/versions`, { method: 'POST', headers: json, body: JSON.stringify({ schema: text }) });
  return { status: answer.status, body: await answer.json() as { id?: number } };
}

async function read(url: string, id: number): Promise<string | undefined> {
  const answer = await fetch(`${url}/schemas/ids/${id}`);
  return answer.ok ? (await answer.json() as { schema: string }).schema : undefined;
}

describe('the registry', { skip }, () => {
  test('takes a schema whose record contains itself, as ours do, however many registries run', async () => {
    await using registry = await startRegistry();
    await using another = await startRegistry();
    assert.notEqual(another.url, registry.url);
    const { status, body } = await register(registry.url, 'values', JSON.stringify({
      type: 'record', name: 'x.Value', fields: [{ name: 'value', type: ['null', { type: 'array', items: 'x.Value' }, { type: 'map', values: 'x.Value' }] }],
    }));
    assert.equal(status, 200, JSON.stringify(body));
  });

  test('gives a schema back by its id, refuses an incompatible one, and forgets all when it is restarted', async () => {
    await using registry = await startRegistry();
    const { status, body: { id } } = await register(registry.url, 'words', schema('a'));
    assert.ok(status === 200 && id !== undefined);
    assert.deepEqual(JSON.parse(await read(registry.url, id) ?? ''), JSON.parse(schema('a')));
    const config = await fetch(`${registry.url}/config/words`, { method: 'PUT', headers: json, body: '{"compatibility":"BACKWARD_TRANSITIVE"}' });
    assert.equal(config.status, 200);
    const refused = await register(registry.url, 'words', schema('a', 'b'));
    assert.equal(refused.status, 409);
    await registry.restart('SIGKILL');
    assert.equal(await read(registry.url, id), undefined);
  });

  test('a durable one still knows them after kill -9', async () => {
    await using registry = await startRegistry({ durable: true });
    const { body: { id = 0 } } = await register(registry.url, 'words', schema('a'));
    await registry.restart('SIGKILL');
    assert.deepEqual(JSON.parse(await read(registry.url, id) ?? ''), JSON.parse(schema('a')));
  });
});
