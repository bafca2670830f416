// Our codecs against another implementation: protobufjs, which @grpc/proto-loader (a dependency of the transport) brings along.
import { strict as assert } from 'node:assert';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { arbitraryMessage, codecs, messageNames, recordOf, typeNamed } from './arbitrary.ts';
import { camelCase, nullable, type AvroType, type RecordType } from './generator/model.ts';
import { exchangePath, methods, protoDirectory, serviceName, shardsServiceName } from './index.ts';

interface ProtobufType {
  fromObject(value: object): object;
  encode(message: object): { finish(): Uint8Array };
}
interface Root {
  resolvePath: (origin: string, target: string) => string;
  loadSync(path: string): { lookupType(name: string): ProtobufType };
}
interface Protobufjs {
  readonly Root: new () => Root;
}
interface ProtoLoader {
  loadSync(path: string, options: object): Record<string, object>;
}

const fromTransport = createRequire(new URL('../../packages/transport/package.json', import.meta.url));
const protoLoader = fromTransport('@grpc/proto-loader') as ProtoLoader;
const protobufjs = createRequire(fromTransport.resolve('@grpc/proto-loader'))('protobufjs') as Protobufjs;
const importRoot = fileURLToPath(protoDirectory);
const root = loadCluster();

/** The file of the cluster imports that of the API by its path below the import root. */
function loadCluster(): ReturnType<Root['loadSync']> {
  const empty = new protobufjs.Root();
  empty.resolvePath = (_, target) => join(importRoot, target);
  return empty.loadSync('proximadb/v1/cluster.proto');
}

test('the loader of gRPC reads the service with all its methods and streams', () => {
  const loaded = protoLoader.loadSync('proximadb/v1/proximadb.proto', { includeDirs: [importRoot] });
  const service = loaded[serviceName] as Record<string, { path: string; requestStream: boolean; responseStream: boolean }>;
  assert.deepEqual(Object.keys(service).sort(), methods.map((method) => method.name).sort());
  for (const method of methods) {
    assert.equal(service[method.name]?.path, method.grpcPath);
    assert.equal(service[method.name]?.requestStream, method.stream === 'bidirectional');
    assert.equal(service[method.name]?.responseStream, method.stream === 'bidirectional');
  }
});

test('the loader of gRPC reads the service of the shards', () => {
  const loaded = protoLoader.loadSync('proximadb/v1/cluster.proto', { includeDirs: [importRoot] });
  const service = loaded[shardsServiceName] as Record<string, { path: string; requestStream: boolean; responseStream: boolean }>;
  const { path, requestStream, responseStream } = service['Exchange'] ?? {};
  assert.deepEqual({ path, requestStream, responseStream }, { path: exchangePath, requestStream: true, responseStream: true });
});

test('another implementation writes the same bytes, for every message', () => {
  for (const name of messageNames) {
    const type = recordOf(name);
    const other = root.lookupType(`proximadb.v1.${type.area === 'api' ? '' : 'cluster.'}${name}`);
    fc.assert(fc.property(arbitraryMessage(name, 3), (message) => {
      const theirs = other.encode(other.fromObject(plain(type, message) as object)).finish();
      assert.equal(hex(codecs[name].encode(message)), hex(theirs));
      assert.deepEqual(codecs[name].decode(Uint8Array.from(theirs)), message);
    }), { numRuns: 40 });
  }
});

/** A message in protobufjs's shape. It writes a default that is given, so defaults without presence are left out. */
function plain(type: RecordType, message: object): unknown {
  const result: Record<string, unknown> = {};
  for (const field of type.fields) {
    const key = camelCase(field.name);
    const value = (message as Record<string, unknown>)[key];
    if (value === null) continue;
    if (field.oneof !== null) {
      const { kind, value: inner } = value as { kind: string; value: unknown };
      const member = field.oneof.find((one) => camelCase(one.name) === kind);
      assert.ok(member);
      result[kind] = convert(member.type, inner);
    } else {
      const inner = nullable(field.type);
      const converted = convert(inner ?? field.type, value);
      if (inner !== null || !isDefault(converted)) result[key] = converted;
    }
  }
  return result;
}

function convert(type: AvroType, value: unknown): unknown {
  switch (type.kind) {
    case 'primitive': return type.name === 'long' ? String(value) : value;
    case 'array': return Array.from(value as ArrayLike<unknown>, (item) => convert(type.items, item));
    case 'named': {
      const named = typeNamed(type.fullName);
      return named.kind === 'record' ? plain(named, value as object) : named.numbers[value as string];
    }
    default: return value;
  }
}

function isDefault(value: unknown): boolean {
  return value === '' || Object.is(value, 0) || value === false || value === '0' || (value instanceof Uint8Array && value.length === 0);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
