import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { canonicalText } from './canonical.ts';
import { generate } from './generate.ts';
import { modelOf, type Raw } from './model.ts';
import { protoText } from './proto.ts';

const folder = join(import.meta.dirname, '..', '..');

test('what is committed is what the generator writes', () => {
  for (const [path, text] of generate(join(folder, 'avro'))) assert.equal(readFileSync(join(folder, 'gen', path), 'utf8'), text, path);
});

test('--check names what differs and exits 1; writing mends it and removes what is left over', (context) => {
  const copy = mkdtempSync(join(tmpdir(), 'schemas-'));
  context.after(() => rmSync(copy, { recursive: true }));
  for (const part of ['avro', 'gen', 'src', 'package.json']) cpSync(join(folder, part), join(copy, part), { recursive: true });
  symlinkSync(join(folder, 'node_modules'), join(copy, 'node_modules'));
  const run = (...flags: string[]) => spawnSync('node', [join(copy, 'src', 'generator', 'main.ts'), ...flags], { encoding: 'utf8' });
  assert.equal(run('--check').status, 0);

  const avro = join(copy, 'avro', 'api', 'admin.avsc');
  writeFileSync(avro, readFileSync(avro, 'utf8').replace('"name": "growing", "type": "int", "proto": 8', '"name": "rows", "type": "int", "proto": 8'));
  writeFileSync(join(copy, 'gen', 'ts', 'old.ts'), '');
  const check = run('--check');
  assert.equal(check.status, 1);
  const different = ['gen/ts/api.ts', 'gen/proto/proximadb/v1/proximadb.proto', 'gen/openapi.json', 'gen/ts/old.ts'];
  for (const path of different) assert.ok(check.stderr.includes(path), check.stderr);
  assert.ok(!check.stderr.includes('gen/ts/log.ts'));

  assert.equal(run().status, 0);
  assert.equal(run('--check').status, 0);
  assert.ok(!existsSync(join(copy, 'gen', 'ts', 'old.ts')));
});

const message = (fields: object[], more: object = {}): Raw[] => [{ type: 'record', name: 'M', namespace: 'proximadb.v1.api', fields, ...more }];

const letters = (more: object): Raw => ({ type: 'enum', name: 'E', namespace: 'proximadb.v1.api', symbols: ['a', 'b'], proto: { a: 0, b: 1 }, ...more });

const refused: readonly (readonly [string, Raw[], RegExp])[] = [
  ['a number twice', message([{ name: 'a', type: 'int', proto: 1 }, { name: 'b', type: 'int', proto: 1 }]), /M\.b: field number 1 is used twice/],
  ['a retired number', message([{ name: 'a', type: 'int', proto: 3 }], { reserved: [2, 3] }), /M\.a: field number 3 is retired/],
  ['no number', message([{ name: 'a', type: 'int' }]), /M\.a: null is not a protobuf field number/],
  ['a number of protobuf\'s own', message([{ name: 'a', type: 'int', proto: 19_500 }]), /19500 is not/],
  ['a number of a oneof twice',
    message([{ name: 'a', type: ['int', 'string'], oneof: [{ name: 'x', proto: 1 }, { name: 'y', proto: 1 }] }]), /M\.y: .* used twice/],
  ['an unknown type', message([{ name: 'a', type: 'Nothing', proto: 1 }]), /mentions proximadb\.v1\.api\.Nothing/],
  ['a name that is not snake_case', message([{ name: 'fooBar', type: 'int', proto: 1 }]), /snake_case/],
  ['an enum whose default is not 0', [letters({ default: 'b' })], /number 0/],
  ['a symbol with a retired number', [letters({ default: 'a', reserved: [1] })], /retired/],
  ['an enum without numbers', [letters({ default: 'a', proto: undefined })], /a number for each symbol/],
  ['one name in two namespaces', [...message([]), { type: 'record', name: 'M', namespace: 'proximadb.v1', fields: [] }], /same name/],
];
for (const [what, schemas, message] of refused) {
  test(`refused: ${what}`, () => assert.throws(() => modelOf(schemas), message));
}

test('retired numbers stay in the .proto', () => {
  const model = modelOf(message([{ name: 'a', type: ['null', 'int'], proto: 1 }], { reserved: [2, 3] }));
  assert.ok(protoText(model, 'api', []).includes('message M {\n  reserved 2, 3;\n  optional int32 a = 1;\n}'));
});

test('the order of declaration changes no number on the wire', () => {
  const fields = [{ name: 'a', type: 'int', proto: 7 }, { name: 'b', type: 'string', proto: 2 }];
  for (const order of [fields, fields.toReversed()]) {
    const text = protoText(modelOf(message(order)), 'api', []);
    assert.ok(text.includes('int32 a = 7;') && text.includes('string b = 2;'));
  }
});

test('comments and attributes of ours change no canonical text; a default does', () => {
  const record = (field: object): Raw => ({ type: 'record', name: 'R', namespace: 'proximadb.v1', fields: [field] });
  const text = (field: object) => canonicalText(modelOf([record(field)]), 'proximadb.v1.R');
  const plain = text({ name: 'a', type: 'int' });
  assert.equal(plain, '{"type":"record","name":"proximadb.v1.R","fields":[{"name":"a","type":"int"}]}');
  assert.equal(text({ doc: 'About a.', type: { type: 'int' }, json: 'none', name: 'a' }), plain);
  assert.notEqual(text({ name: 'a', type: 'int', default: 0 }), plain);
});
