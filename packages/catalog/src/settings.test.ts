import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { checkDescription, checkName, checkTags, settingsFrom, type SettingsRequest } from './settings.ts';

test('a dimension alone gives the documented defaults', () => {
  assert.deepEqual(settingsFrom({ dimension: 100 }), {
    dimension: 100, metric: 'cosine', partitions: 12, index: 'hnsw', m: 16, ef_construction: 128, quantization: 'i8', record_bytes_max: 1024 * 1024,
    storage: 'memory', recall_target: 0.95,
  });
});

test('zeros and nulls of the API mean the default', () => {
  const request = {
    dimension: 3, metric: null, partitions: 0, index: null, hnsw: { m: 0, efConstruction: 0, quantization: null }, storage: null, recallTarget: 0,
  };
  assert.deepEqual(settingsFrom(request, { partitions: 4, recordBytesMax: 5_000 }), {
    ...settingsFrom({ dimension: 3 }), partitions: 4, record_bytes_max: 5_000,
  });
});

test('what is asked for is kept', () => {
  const hnsw = { m: 2, efConstruction: 2048, quantization: 'i8' } as const;
  const request = { dimension: 4096, metric: 'dot', partitions: 256, index: 'flat', hnsw, storage: 'disk', recallTarget: 0.99 } as const;
  assert.deepEqual(settingsFrom(request), {
    dimension: 4096, metric: 'dot', partitions: 256, index: 'flat', m: 2, ef_construction: 2048, quantization: 'i8', record_bytes_max: 1024 * 1024,
    storage: 'disk', recall_target: 0.99,
  });
});

test('each metric has the quantization that measures best', () => {
  const chosen = (['cosine', 'dot', 'euclidean', 'manhattan'] as const).map((metric) => settingsFrom({ dimension: 8, metric }).quantization);
  assert.deepEqual(chosen, ['i8', 'bf16', 'bf16', 'bf16']);
});

test('what is out of range is refused by the name of its field', () => {
  const bad: readonly (readonly [string, SettingsRequest])[] = [
    ['dimension', { dimension: 0 }], ['dimension', { dimension: 4097 }], ['dimension', { dimension: 1.5 }], ['dimension', { dimension: NaN }],
    ['partitions', { dimension: 1, partitions: -1 }], ['partitions', { dimension: 1, partitions: 257 }],
    ['hnsw.m', { dimension: 1, hnsw: { m: 1 } }], ['hnsw.m', { dimension: 1, hnsw: { m: 129 } }],
    ['hnsw.efConstruction', { dimension: 1, hnsw: { efConstruction: 7 } }], ['hnsw.efConstruction', { dimension: 1, hnsw: { efConstruction: 2049 } }],
    ['metric', { dimension: 1, metric: 'hamming' as 'dot' }], ['index', { dimension: 1, index: 'tree' as 'flat' }],
    ['recallTarget', { dimension: 1, recallTarget: 0.5 }], ['recallTarget', { dimension: 1, recallTarget: 1 }],
    ['recallTarget', { dimension: 1, recallTarget: -1 }], ['recallTarget', { dimension: 1, recallTarget: NaN }],
    ['hnsw.quantization', { dimension: 1, hnsw: { quantization: 'f16' as 'i8' } }], ['storage', { dimension: 1, storage: 'tape' as 'disk' }],
  ];
  for (const [field, request] of bad) assert.throws(() => settingsFrom(request), names(field), JSON.stringify(request));
  assert.throws(() => settingsFrom({ dimension: 4096 }, { recordBytesMax: 16 * 1024 }), names('dimension'));
  assert.throws(() => settingsFrom({ dimension: 1 }, { recordBytesMax: 10 }), names('recordBytesMax'));
});

test('names of collections are 1 to 63 safe characters', () => {
  for (const good of ['a', '0', 'Words-2_b', 'x'.repeat(63)]) checkName(good);
  for (const bad of ['', '-a', '_a', 'a b', 'a/b', 'ä', 'a.b', 'a\n', 'x'.repeat(64)]) assert.throws(() => checkName(bad), names('name'), bad);
});

test('descriptions and tags are measured in bytes', () => {
  checkDescription('ä'.repeat(2048));
  assert.throws(() => checkDescription('ä'.repeat(2049)), names('description'));
  assert.throws(() => checkDescription('\ud800'), names('description'));
  const tags = (count: number): Record<string, string> => Object.fromEntries(Array.from({ length: count }, (_, n) => [`tag${n}`, '']));
  checkTags(tags(64));
  assert.throws(() => checkTags(tags(65)), names('tags'));
  checkTags({ ['k'.repeat(256)]: 'ä'.repeat(128) });
  assert.throws(() => checkTags({ k: 'ä'.repeat(129) }), names('tags.k'));
  assert.throws(() => checkTags({ ['k'.repeat(257)]: '' }), names('tags'));
  assert.throws(() => checkTags({ '': '' }), names('tags'));
  assert.throws(() => checkTags(JSON.parse('{"__proto__":"x"}') as Record<string, string>), names('tags'));
});

function names(field: string): (error: unknown) => boolean {
  return (error) => error instanceof AppError && error.code === 'INVALID_ARGUMENT' && error.details[0]?.field === field && error.message.startsWith(field);
}
