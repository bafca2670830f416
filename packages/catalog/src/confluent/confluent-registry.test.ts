import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { SchemaRegistry as LibraryRegistry } from '@kafkajs/confluent-schema-registry';
import { AppError } from '@proximadb/errors';
import { compileWalker, encodeVectorRecord } from '@proximadb/record';
import { schemaNames, schemaText } from '@proximadb/schemas';
import { missing, sharedRegistry } from '@proximadb/test-cluster';
import { registryContract } from '../contract.ts';
import { sameSchema } from '../same-schema.ts';
import { ConfluentRegistry } from './index.ts';
import { certificate, key } from './testing/certificate.ts';

const skip = missing('registry');
/** The machine may be busy; what is about time says so. */
const timeoutMs = 60_000;

async function open(): Promise<ConfluentRegistry> {
  return new ConfluentRegistry({ url: (await sharedRegistry()).url, timeoutMs });
}

/** Asks the registry without any code of ours. */
async function raw(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${(await sharedRegistry()).url}${path}`, {
    method, headers: { 'content-type': 'application/json' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return await response.json() as Record<string, unknown>;
}

/** A subject of the test's own, and versions of a schema that has a field more each. */
function fresh(): { readonly subject: string; readonly text: (...more: readonly object[]) => string } {
  const unique = randomUUID().replaceAll('-', '');
  return {
    subject: `proximadb-test-${unique}`,
    text: (...more) => JSON.stringify({ type: 'record', name: `R${unique}`, namespace: 'proximadb.test', fields: [{ name: 'id', type: 'string' }, ...more] }),
  };
}

const optional = { name: 'more', type: 'long', default: 0 };
const required = { name: 'must', type: 'long' };

describe('a registry with the Confluent API', { skip }, () => {
  registryContract('Confluent registry', async () => ({ registry: await open(), another: open, close: async () => undefined }));

  test('every stored schema of ours comes back as the same schema, and walkers read it as it comes', async () => {
    const registry = await open();
    for (const name of schemaNames) {
      const id = await registry.register(`proximadb-${name}`, schemaText(name));
      const text = await registry.byId(id);
      assert.ok(text !== undefined && sameSchema(text, schemaText(name)), name);
      assert.equal((await registry.find(`proximadb-${name}`, schemaText(name)))?.id, id);
      if (name === 'VectorRecord') assert.equal(compileWalker(text).kind, 'upsert');
    }
  });

  test('its subject is BACKWARD_TRANSITIVE from its first version on', async () => {
    const { subject, text } = fresh();
    const registry = await open();
    await registry.register(subject, text());
    assert.deepEqual(await raw('GET', `/config/${subject}`), { compatibilityLevel: 'BACKWARD_TRANSITIVE' });
    await registry.register(subject, text(optional));
    assert.deepEqual(await raw('GET', `/config/${subject}`), { compatibilityLevel: 'BACKWARD_TRANSITIVE' });
  });

  for (const [before, after] of [
    ['NONE', 'BACKWARD_TRANSITIVE'], ['BACKWARD', 'BACKWARD_TRANSITIVE'], ['FULL_TRANSITIVE', 'FULL_TRANSITIVE'], ['FULL', 'FULL_TRANSITIVE'],
    ['FORWARD', 'FULL_TRANSITIVE'], ['FORWARD_TRANSITIVE', 'FULL_TRANSITIVE'],
  ] as const) {
    test(`a subject that is ${before} becomes ${after}, and loses nothing`, async () => {
      const { subject, text } = fresh();
      await raw('POST', `/subjects/${subject}/versions`, { schema: text() });
      await raw('PUT', `/config/${subject}`, { compatibility: before });
      await (await open()).register(subject, text());
      assert.deepEqual(await raw('GET', `/config/${subject}`), { compatibilityLevel: after });
    });
  }

  test('an incompatible schema is refused in the registry\'s words, and is not there afterwards', async () => {
    const { subject, text } = fresh();
    const registry = await open();
    await registry.register(subject, text());
    await assert.rejects(registry.register(subject, text(required)), (error) => {
      assert.ok(error instanceof AppError && error.code === 'INVALID_ARGUMENT', String(error));
      assert.match(error.message, new RegExp(`^schema: the schema registry refuses it for subject ${subject}: .*must`));
      return true;
    });
    assert.deepEqual(await raw('GET', `/subjects/${subject}/versions`), [1]);
    assert.equal(await registry.find(subject, text(required)), undefined);
  });

  test('a schema that reads the last version and not an older one is refused, too', async () => {
    const { subject, text } = fresh();
    const registry = await open();
    await registry.register(subject, text());
    await registry.register(subject, text({ ...required, default: 0 }));
    await assert.rejects(registry.register(subject, text(required)), { code: 'INVALID_ARGUMENT' });
  });

  test('a verdict says what registering would, and changes nothing', async () => {
    const { subject, text } = fresh();
    const registry = await open();
    assert.equal((await registry.verdict(subject, text())).compatible, true);
    assert.equal(await registry.find(subject, text()), undefined);
    const id = await registry.register(subject, text());
    assert.deepEqual(await registry.find(subject, text()), { id, version: 1 });
    assert.deepEqual(await registry.verdict(subject, text(optional)), { compatible: true, reasons: [] });
    assert.equal((await registry.verdict(subject, text(required))).compatible, false);
    assert.deepEqual(await raw('GET', `/subjects/${subject}/versions`), [1]);
    const { subject: untouched } = fresh();
    await registry.verdict(untouched, text());
    assert.equal((await raw('GET', `/config/${untouched}`))['error_code'], 40401);
  });

  test('processes that register one schema at once get one id', async () => {
    const { subject, text } = fresh();
    const { url } = await sharedRegistry();
    const program = join(import.meta.dirname, 'testing', 'register-once.ts');
    const start = String(Date.now() + 8_000);
    const ids = await Promise.all(Array.from({ length: 8 }, async () =>
      (await promisify(execFile)(process.execPath, ['--no-warnings', program, url, subject, text(), start])).stdout));
    assert.match(ids[0] ?? '', /^[1-9][0-9]*$/);
    assert.deepEqual(new Set(ids), new Set([ids[0]]));
    assert.deepEqual(await raw('GET', `/subjects/${subject}/versions`), [1]);
  });

  test('whoever uses the client of KafkaJS writes the bytes that we do, and reads ours', async () => {
    const id = await (await open()).register('proximadb-VectorRecord', schemaText('VectorRecord'));
    const theirs = new LibraryRegistry({ host: (await sharedRegistry()).url });
    const record = { id: 'ä', vector: [0.5, -1], metadata: {}, timestamp: 7, expires_at: null };
    const ours = encodeVectorRecord(id, { id: 'ä', vector: [0.5, -1], timestamp: 7n });
    assert.deepEqual(await theirs.encode(id, record), Buffer.from(ours));
    assert.deepEqual({ ...await theirs.decode(Buffer.from(ours)) as object }, record);
  });

  test('a subject is any text', async () => {
    const { subject, text } = fresh();
    const odd = `${subject}/ä ?#%&{id}`;
    const registry = await open();
    const id = await registry.register(odd, text());
    assert.deepEqual(await registry.find(odd, text()), { id, version: 1 });
  });

  test('over TLS it is asked only if it is who we trust', async () => {
    const { url } = await sharedRegistry();
    await using server = createServer({ key, cert: certificate }, (request, response) => {
      request.pipe(httpRequest(`${url}${request.url ?? ''}`, { method: request.method ?? '', headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }));
    });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    const secure = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { subject, text } = fresh();
    const id = await new ConfluentRegistry({ url: secure, tls: { ca: certificate }, timeoutMs }).register(subject, text());
    assert.equal(await (await open()).byId(id), text());
    await assert.rejects(new ConfluentRegistry({ url: secure }).byId(id), (error) =>
      error instanceof AppError && error.code === 'UNAVAILABLE' && /self-signed/.test(error.message));
  });
});
