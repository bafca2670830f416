import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { sameSchema } from './same-schema.ts';

const written = `{"type": "record", "name": "a.b.Tricky", "aliases": ["Old", "c.Older"], "doc": "said", "fields": [
  {"name": "self", "type": ["null", "a.b.Tricky"], "default": null, "doc": "x", "aliases": ["me"]},
  {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"], "default": "A"}},
  {"name": "again", "type": "Kind", "default": "B"},
  {"name": "sum", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
  {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
  {"name": "hash", "type": {"type": "fixed", "name": "d.Hash", "size": 16}},
  {"name": "inner", "type": {"type": "record", "name": "Inner", "namespace": "e", "fields": [
    {"name": "k", "type": "a.b.Kind"}, {"name": "h", "type": ["d.Hash", {"type": "string"}]}]}},
  {"name": "map", "type": {"type": "map", "values": {"type": "array", "items": "e.Inner"}}, "default": {"x": [], "y": []}},
  {"name": "d", "type": "double", "default": 0.0}]}`;

/** What `new Schema.Parser().parse(written).toString()` of Avro 1.12.2 for Java gives. */
const javaForm = '{"type":"record","name":"Tricky","namespace":"a.b","doc":"said","fields":[{"name":"self","type":["null","Tricky"],"doc":"x","default":null,'
  + '"aliases":["me"]},{"name":"kind","type":{"type":"enum","name":"Kind","symbols":["A","B"],"default":"A"}},{"name":"again","type":"Kind","default":"B"},'
  + '{"name":"sum","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},{"name":"at","type":{"type":"long",'
  + '"logicalType":"timestamp-micros"}},{"name":"hash","type":{"type":"fixed","name":"Hash","namespace":"d","size":16}},{"name":"inner",'
  + '"type":{"type":"record","name":"Inner","namespace":"e","fields":[{"name":"k","type":"a.b.Kind"},{"name":"h","type":["d.Hash","string"]}]}},{"name":"map",'
  + '"type":{"type":"map","values":{"type":"array","items":"e.Inner"}},"default":{"x":[],"y":[]}},{"name":"d","type":"double","default":0.0}],'
  + '"aliases":["Old","c.Older"]}';

test('a schema in the form of the library for Java is the same', () => {
  assert.equal(sameSchema(written, javaForm), true);
  assert.equal(sameSchema(javaForm, written), true);
});

test('white space, the order of attributes, docs and attributes that mean nothing make no difference', () => {
  const plain = '{"type":"record","name":"A","fields":[{"name":"x","type":"long","default":0}]}';
  for (const other of [
    JSON.stringify(JSON.parse(plain), null, 3), '{"fields":[{"default":0,"type":{"type":"long"},"name":"x","doc":"d"}],"name":"A","type":"record","tag":1}',
  ]) assert.equal(sameSchema(plain, other), true, other);
});

const differences: readonly [what: string, from: string, to: string][] = [
  ['a name', '"name": "again"', '"name": "once"'],
  ['a type', '"type": "double"', '"type": "float"'],
  ['the order of branches', '["null", "a.b.Tricky"]', '["a.b.Tricky", "null"]'],
  ['the order of symbols', '["A", "B"]', '["B", "A"]'],
  ['a namespace', '"namespace": "e"', '"namespace": "f"'],
  ['a default', '"default": "B"', '"default": "A"'],
  ['no default', ', "default": 0.0', ''],
  ['an alias', '["me"]', '["you"]'],
  ['a size', '"size": 16', '"size": 32'],
  ['a logical type', 'timestamp-micros', 'timestamp-millis'],
  ['a scale', '"scale": 2', '"scale": 3'],
];
for (const [what, from, to] of differences) {
  test(`${what} makes a difference`, () => {
    const other = written.replace(from, to).replaceAll(to.includes('"f"') ? 'e.Inner' : '\0', 'f.Inner');
    assert.notEqual(other, written);
    assert.equal(sameSchema(written, other), false);
  });
}

test('the order of fields makes a difference', () => {
  const schema = JSON.parse(written) as { fields: unknown[] };
  schema.fields.reverse();
  assert.equal(sameSchema(written, JSON.stringify(schema)), false);
});

test('what is no schema is the same as itself only', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  for (const text of ['', '{', '7', 'null', '{"type":"record"}', deep]) {
    assert.equal(sameSchema(text, text), true);
    assert.equal(sameSchema(text, `${text} `), false);
    assert.equal(sameSchema(text, written), false);
  }
});
