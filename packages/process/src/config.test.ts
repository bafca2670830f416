import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { z } from 'zod';
import { configOptions, describeConfig, loadConfig, parseFlags, type ConfigSources } from './index.ts';

const schema = z.object({
  data: z.string().min(1).default('./data').describe('Where everything is kept.'),
  restPort: z.number().int().min(0).max(65535).default(5678).describe('0: any free one.'),
  verbose: z.boolean().default(false),
  brokers: z.array(z.string()).default([]),
  metric: z.enum(['cosine', 'dot']).default('cosine'),
  region: z.string().optional(),
  log: z.object({ bytesMax: z.number().int().positive().default(1024), flushMs: z.number().min(0).default(5) }),
});

const load = (sources: Partial<ConfigSources>) => loadConfig(schema, { environment: {}, flags: {}, ...sources });

function mistakes(sources: Partial<ConfigSources>): string[] {
  try {
    load(sources);
  } catch (error) {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, 'INVALID_ARGUMENT');
    return error.details.map((detail) => `${detail.field}: ${detail.reason}`);
  }
  return [];
}

test('without any source all defaults hold', () => {
  assert.deepEqual(load({}), {
    data: './data', restPort: 5678, verbose: false, brokers: [], metric: 'cosine', log: { bytesMax: 1024, flushMs: 5 },
  });
});

test('flags win over the environment, the environment over the file, the file over the defaults', () => {
  const file = JSON.stringify({ restPort: 1, data: 'file', metric: 'dot', log: { bytesMax: 10, flushMs: 1 } });
  const environment = { PROXIMADB_REST_PORT: '2', PROXIMADB_DATA: 'environment', PROXIMADB_LOG_BYTES_MAX: '20', PATH: '/bin' };
  const config = load({ file, environment, flags: { 'rest-port': '3' } });
  assert.deepEqual(config, { data: 'environment', restPort: 3, verbose: false, brokers: [], metric: 'dot', log: { bytesMax: 20, flushMs: 1 } });
});

test('texts are read by the type of their option', () => {
  const environment = { PROXIMADB_VERBOSE: 'true', PROXIMADB_BROKERS: 'a:1, b:2', PROXIMADB_DATA: '123', PROXIMADB_LOG_FLUSH_MS: '0.5' };
  const config = load({ environment });
  assert.deepEqual([config.verbose, config.brokers, config.data, config.log.flushMs], [true, ['a:1', 'b:2'], '123', 0.5]);
});

test('the configuration cannot be changed', () => {
  const config = load({});
  assert.throws(() => { config.log.flushMs = 7; }, TypeError);
});

const bad: { name: string; sources: Partial<ConfigSources>; says: RegExp[] }[] = [
  { name: 'unknown key of the file', sources: { file: '{"rest_port": 1}' }, says: [/^rest_port: is unknown \(in the file\); did you mean restPort\?$/] },
  { name: 'unknown nested key of the file', sources: { file: '{"log": {"bytes": 1}}' }, says: [/^log\.bytes: is unknown/] },
  { name: 'a key named __proto__', sources: { file: '{"__proto__": {"data": "x"}}' }, says: [/^__proto__: is unknown/] },
  { name: 'a value where an object belongs', sources: { file: '{"log": 5}' }, says: [/^log: must be an object/] },
  { name: 'a file that is not JSON', sources: { file: '{' }, says: [/^file: is not JSON/] },
  { name: 'a file that is a list', sources: { file: '[]' }, says: [/^file: must be a JSON object/] },
  { name: 'unknown variable', sources: { environment: { PROXIMADB_RESTPORT: '1' } }, says: [/^PROXIMADB_RESTPORT: is unknown.*mean PROXIMADB_REST_PORT/] },
  { name: 'unknown flag', sources: { flags: { prot: 'x' } }, says: [/^--prot: is unknown/] },
  {
    name: 'not a number', sources: { environment: { PROXIMADB_REST_PORT: 'many' } },
    says: [/^restPort: .*from PROXIMADB_REST_PORT; allowed: integer, TCP port; 0 to 65535/],
  },
  { name: 'out of bounds', sources: { flags: { 'rest-port': '70000' } }, says: [/^restPort: .*from --rest-port/] },
  { name: 'a text for a number in the file', sources: { file: '{"restPort": "1"}' }, says: [/^restPort: .*from file/] },
  { name: 'not one of the values', sources: { flags: { metric: 'cos' } }, says: [/^metric: .*cosine, dot/] },
  { name: 'an item of a list', sources: { file: '{"brokers": [1]}' }, says: [/^brokers\.0: /] },
  {
    name: 'several mistakes at once', sources: { file: '{"a": 1}', environment: { PROXIMADB_B: '' }, flags: { 'log-flush-ms': '-1' } },
    says: [/^a: /, /^PROXIMADB_B: /, /^log\.flushMs: /],
  },
];
for (const { name, sources, says } of bad) {
  test(`refused by name: ${name}`, () => {
    const found = mistakes(sources);
    assert.equal(found.length, says.length, found.join('\n'));
    says.forEach((pattern, index) => assert.match(found[index]!, pattern));
  });
}

test('an option without a default has to be given', () => {
  const strict = z.object({ url: z.string() });
  assert.throws(() => loadConfig(strict, { environment: {}, flags: {} }), /url: has to be given \(PROXIMADB_URL or --url\)/);
});

test('variables that somebody else reads are let through', () => {
  assert.deepEqual(mistakes({ environment: { PROXIMADB_CONFIG: 'x' }, otherVariables: ['PROXIMADB_CONFIG'] }), []);
});

test('arguments become flags', () => {
  const flags = parseFlags(schema, ['--data', 'x', '--rest-port=0', '--verbose', '--log-flush-ms', '3']);
  assert.deepEqual(flags, { 'data': 'x', 'rest-port': '0', 'verbose': true, 'log-flush-ms': '3' });
  assert.equal(load({ flags }).restPort, 0);
  assert.throws(() => parseFlags(schema, ['--data']), /--data needs a value/);
  assert.throws(() => parseFlags(schema, ['data']), /flags begin with --/);
});

test('every option is described with its names, unit, limits and default', () => {
  const table = describeConfig(schema);
  assert.match(table, /\| `restPort` \| `PROXIMADB_REST_PORT` \| `--rest-port` \| integer \| TCP port; 0 to 65535 \| `5678` \| 0: any free one\. \|/);
  assert.match(table, /\| `log\.flushMs` \| `PROXIMADB_LOG_FLUSH_MS` \| `--log-flush-ms` \| number \| ms; ≥ 0 \| `5` \|/);
  assert.equal(table.split('\n').length, 2 + configOptions(schema).length);
});

test('two options with one variable are our own bug', () => {
  assert.throws(() => configOptions(z.object({ aB: z.string(), a: z.object({ b: z.string() }) })), /one variable/);
});
