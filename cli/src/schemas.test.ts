import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { schemaFingerprint, schemaNames, schemaText } from '@proximadb/schemas';
import { missing, startRegistry, type Registry } from '@proximadb/test-cluster';
import { runHere, type Outcome } from './testing/command.ts';

interface Row {
  readonly schema: string;
  readonly subject: string | null;
  readonly version: number | null;
  readonly id: number | null;
  readonly finding: string;
  readonly reasons: readonly string[];
}

const folder = mkdtempSync(join(tmpdir(), 'proximadb-schemas-'));
after(() => { rmSync(folder, { recursive: true }); });

/** A version of VectorRecord with a field more, in a file with white space. */
function file(name: string, field: object, record = 'proximadb.v1.VectorRecord'): string {
  const schema = JSON.parse(schemaText('VectorRecord')) as { name: string; fields: unknown[] };
  schema.name = record;
  schema.fields.push(field);
  const path = join(folder, name);
  writeFileSync(path, `${JSON.stringify(schema, null, 2)}\n`);
  return path;
}

const rowsOf = ({ out }: Outcome): readonly Row[] => (JSON.parse(out) as { schemas: Row[] }).schemas;

test('list shows each schema with its subject and fingerprint', async () => {
  const { code, out } = await runHere(['schemas', 'list']);
  assert.equal(code, 0);
  for (const name of schemaNames) assert.match(out, new RegExp(`^${name} +proximadb-${name} .* ${schemaFingerprint(name)}$`, 'm'));
  assert.equal(out.trim().split('\n').length, schemaNames.length + 1);
});

test('without a registry it says how to name one', async () => {
  for (const command of ['push', 'check']) {
    const { code, err } = await runHere(['schemas', command]);
    assert.equal(code, 1);
    assert.match(err, /^INVALID_ARGUMENT --registry: names no registry, and \$PROXIMADB_REGISTRY_URL is not set/);
  }
  assert.match((await runHere(['schemas', 'push', '--registry', 'localhost'])).err, /^INVALID_ARGUMENT registry: URL 1 is none of http:/);
});

test('help has an example', async () => {
  for (const args of [['schemas'], ['schemas', 'push'], ['schemas', 'check']]) {
    assert.match((await runHere([...args, '--help'])).out, /Examples?:\n {2}\$ proximadb schemas /);
  }
});

describe('with a registry', { skip: missing('registry') }, () => {
  let registry: Registry;
  before(async () => { registry = await startRegistry(); });
  after(() => registry[Symbol.asyncDispose]());

  const run = (...args: readonly string[]): Promise<Outcome> => runHere(['schemas', ...args], { environment: { PROXIMADB_REGISTRY_URL: registry.url } });
  const ask = async (path: string, body?: unknown): Promise<unknown> => (await fetch(`${registry.url}${path}`, {
    headers: { 'content-type': 'application/json' }, ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })).json();

  test('check says that all can be pushed to an empty one, and writes nothing', async () => {
    const answer = await run('check', '--json');
    assert.equal(answer.code, 0, answer.err);
    assert.deepEqual(rowsOf(answer).map(({ finding }) => finding), schemaNames.map(() => 'compatible'));
    assert.deepEqual(await ask('/subjects'), []);
  });

  test('push registers all, those of records first, and once', async () => {
    const first = await run('push', '--json');
    assert.equal(first.code, 0, first.err);
    const rows = rowsOf(first);
    assert.deepEqual(rows.slice(0, 3).map(({ schema }) => schema), ['VectorRecord', 'PatchRecord', 'DeleteRecord']);
    assert.deepEqual(rows.map(({ schema }) => schema).sort(), [...schemaNames].sort());
    for (const { schema, subject, version, id, finding, reasons } of rows) {
      assert.deepEqual({ subject, version, finding, reasons }, { subject: `proximadb-${schema}`, version: 1, finding: 'new', reasons: [] });
      assert.deepEqual((await ask(`/subjects/${subject ?? ''}/versions/1`) as { id: number }).id, id);
    }
    const second = await run('push', '--json');
    assert.equal(second.code, 0);
    assert.deepEqual(rowsOf(second), rows.map((row) => ({ ...row, finding: 'known' })));
    const table = await run('push');
    assert.match(table.out, /^schema +subject +version +id\n/);
    assert.match(table.out, /^VectorRecord +proximadb-VectorRecord +1 +\d+ +known$/m);
    assert.equal(table.err, '');
  });

  test('check finds what is registered, and says of files whether records can be written in them', async () => {
    const good = file('good.avsc', { name: 'origin', type: 'string', default: '' });
    const { code, out, err } = await run('check', good);
    assert.equal(code, 0, err);
    assert.match(out, /^VectorRecord +proximadb-VectorRecord +1 +\d+ +registered$/m);
    assert.match(out, /good\.avsc +proximadb-VectorRecord +compatible$/m);
    const bad = [
      file('required.avsc', { name: 'must', type: 'long' }), file('foreign.avsc', { name: 'x', type: 'long', default: 0 }, 'com.example.Vector'),
      join(folder, 'no.avsc'),
    ];
    writeFileSync(bad[2] ?? '', 'record { }');
    const answer = await run('check', good, ...bad, '--json');
    assert.equal(answer.code, 1);
    assert.deepEqual(rowsOf(answer).slice(schemaNames.length).map(({ schema, subject, finding }) => [schema, subject, finding]), [
      [good, 'proximadb-VectorRecord', 'compatible'], [bad[0], 'proximadb-VectorRecord', 'refused'], [bad[1], null, 'unreadable'], [bad[2], null, 'unreadable'],
    ]);
    const shown = await run('check', ...bad);
    assert.equal(shown.code, 1);
    assert.deepEqual(shown.err.trim().split('\n').map((line) => line.replace(/: .*/, '')), bad);
    assert.match(shown.err, /foreign\.avsc: not a schema of a record/);
    assert.deepEqual(await ask('/subjects/proximadb-VectorRecord/versions'), [1]);
  });

  test('files are checked against a subject of their own', async () => {
    const required = file('required.avsc', { name: 'must', type: 'long' });
    const answer = await run('check', required, '--subject', 'words-value', '--json');
    assert.equal(answer.code, 0, answer.err);
    const row = rowsOf(answer).at(-1);
    assert.deepEqual([row?.subject, row?.finding], ['words-value', 'compatible']);
  });

  test('a file that is none, or too long, ends it', async () => {
    const long = join(folder, 'long.avsc');
    writeFileSync(long, ' '.repeat(300_000));
    assert.match((await run('check', long)).err, /^INVALID_ARGUMENT .*long\.avsc: is larger than a schema may be/);
    assert.match((await run('check', join(folder, 'nowhere.avsc'))).err, /^NOT_FOUND .*nowhere\.avsc/);
  });

  test('a registry that refuses one is given the others, and the reason is shown', async () => {
    await registry.restart('SIGKILL');
    const { name } = JSON.parse(schemaText('Value')) as { name: string };
    const other = { type: 'record', name, fields: [{ name: 'value', type: { type: 'enum', name: 'x.Colour', symbols: ['red'] } }] };
    await ask('/subjects/proximadb-Value/versions', { schema: JSON.stringify(other) });
    const { code, out, err } = await run('push');
    assert.equal(code, 1);
    assert.match(out, /^Value +proximadb-Value +refused$/m);
    assert.equal([...out.matchAll(/ new$/gm)].length, schemaNames.length - 1);
    assert.match(err, /^Value: the schema registry refuses it for subject proximadb-Value: .+\n$/);
    const again = await run('check');
    assert.equal(again.code, 1);
    assert.match(again.out, /^Value +proximadb-Value +refused$/m);
  });

  test('a registry that is down is said to be so', async () => {
    await registry.kill();
    for (const command of ['push', 'check']) {
      const { code, err } = await run(command);
      assert.equal(code, 1);
      assert.match(err, /^UNAVAILABLE the schema registry is not available: .*ECONNREFUSED/);
      assert.ok(err.includes(registry.url), err);
    }
  });
});
