// Our codecs against another implementation: protobufjs, which @grpc/proto-loader (a dependency of the transport) brings along.
import { strict as assert } from 'node:assert';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { enums, messages, type Messages } from '../gen/ts/api.ts';
import { descriptors } from '../gen/ts/descriptors.ts';
import { arbitraryMessage } from './arbitrary.ts';
import type { TypeDescriptor } from './descriptor.ts';
import type { MessageCodec } from './wire.ts';
import { methods, protoDirectory, protoFile, serviceName } from './index.ts';

interface ProtobufType {
  fromObject(value: object): object;
  encode(message: object): { finish(): Uint8Array };
}
interface Protobufjs {
  loadSync(path: string): { lookupType(name: string): ProtobufType };
}
interface ProtoLoader {
  loadSync(path: string, options: object): Record<string, object>;
}

const fromTransport = createRequire(new URL('../../packages/transport/package.json', import.meta.url));
const protoLoader = fromTransport('@grpc/proto-loader') as ProtoLoader;
const protobufjs = createRequire(fromTransport.resolve('@grpc/proto-loader'))('protobufjs') as Protobufjs;
const root = protobufjs.loadSync(fileURLToPath(protoFile));

test('the loader of gRPC reads the service with all its methods and streams', () => {
  const loaded = protoLoader.loadSync('proximadb/v1/proximadb.proto', { includeDirs: [fileURLToPath(protoDirectory)] });
  const service = loaded[serviceName] as Record<string, { path: string; requestStream: boolean; responseStream: boolean }>;
  assert.deepEqual(Object.keys(service).sort(), methods.map((method) => method.name).sort());
  for (const method of methods) {
    assert.equal(service[method.name]?.path, method.grpcPath);
    assert.equal(service[method.name]?.requestStream, method.stream === 'bidirectional');
    assert.equal(service[method.name]?.responseStream, method.stream === 'bidirectional');
  }
});

test('another implementation writes the same bytes, for every message', () => {
  for (const name of Object.keys(messages) as (keyof Messages)[]) {
    const other = root.lookupType(`proximadb.v1.${name}`);
    fc.assert(fc.property(arbitraryMessage(name, 3), (message) => {
      const theirs = other.encode(other.fromObject(plain(name, message) as object)).finish();
      assert.equal(hex((messages[name] as MessageCodec<object>).encode(message)), hex(theirs));
      assert.deepEqual(messages[name].decode(Uint8Array.from(theirs)), message);
    }), { numRuns: 40 });
  }
});

/** A message in protobufjs's shape. It writes a default that is given, so defaults without presence are left out. */
function plain(name: keyof Messages, message: object): unknown {
  const result: Record<string, unknown> = {};
  for (const field of descriptors[name].fields) {
    const value = (message as Record<string, unknown>)[field.key];
    if (value === null) continue;
    if (field.type.kind === 'oneof') {
      const { kind, value: inner } = value as { kind: string; value: unknown };
      const member = field.type.members.find((one) => one.kind === kind);
      assert.ok(member);
      result[kind] = convert(member.type, inner);
    } else {
      const converted = convert(field.type, value);
      if (field.nullable || !isDefault(converted)) result[field.key] = converted;
    }
  }
  return result;
}

function convert(type: TypeDescriptor, value: unknown): unknown {
  switch (type.kind) {
    case 'long': return String(value);
    case 'floats': return [...(value as Float32Array)];
    case 'array': return (value as unknown[]).map((item) => convert(type.items, item));
    case 'message': return plain(type.name, value as object);
    case 'enum': return (enums[type.name].numbers as Record<string, number>)[value as string];
    default: return value;
  }
}

function isDefault(value: unknown): boolean {
  return value === '' || Object.is(value, 0) || value === false || value === '0' || (value instanceof Uint8Array && value.length === 0);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
