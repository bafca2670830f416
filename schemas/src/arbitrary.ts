/** Arbitrary messages of the API and of the cluster, for property tests. */
import { join } from 'node:path';
import fc from 'fast-check';
import { messages, type Messages } from '../gen/ts/api.ts';
import { clusterMessages, type ClusterMessages } from '../gen/ts/cluster.ts';
import { camelCase, lookup, nullable, readModel, type AvroType, type Field, type Model, type RecordType } from './generator/model.ts';
import type { MessageCodec } from './wire.ts';

export type MessageName = keyof Messages | keyof ClusterMessages;

export const codecs = { ...messages, ...clusterMessages } as Readonly<Record<MessageName, MessageCodec<object>>>;
export const messageNames = Object.keys(codecs) as MessageName[];

const model: Model = readModel(join(import.meta.dirname, '..', 'avro'));

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/** The declaration of a message. */
export function recordOf(name: MessageName): RecordType {
  const type = lookup(model, `proximadb.v1.${name in messages ? 'api' : 'cluster'}.${name}`);
  if (type.kind !== 'record') throw new Error(`${name} is not a record`);
  return type;
}

/** A declared type by its full name. */
export function typeNamed(fullName: string): ReturnType<typeof lookup> {
  return lookup(model, fullName);
}

/** @param depth how deep messages may still nest. */
export function arbitraryMessage(name: MessageName, depth = 4): fc.Arbitrary<object> {
  return ofRecord(recordOf(name), depth);
}

function ofRecord(type: RecordType, depth: number): fc.Arbitrary<object> {
  return fc.record(Object.fromEntries(type.fields.map((field) => [camelCase(field.name), ofField(field, depth)])), { noNullPrototype: true });
}

function ofField(field: Field, depth: number): fc.Arbitrary<unknown> {
  if (field.oneof !== null) {
    if (depth <= 0) return fc.constant(null);
    const members = field.oneof.map(({ name, type }) => arbitraryOf(type, depth).map((value) => ({ kind: camelCase(name), value })));
    return fc.oneof(fc.constant(null), ...members);
  }
  const inner = nullable(field.type);
  if (inner === null) return depth <= 0 && field.type.kind === 'array' ? empty(field.type.items) : arbitraryOf(field.type, depth);
  return depth <= 0 && isRecord(inner) ? fc.constant(null) : fc.option(arbitraryOf(inner, depth));
}

function empty(items: AvroType): fc.Arbitrary<unknown> {
  return fc.constant(items.kind === 'primitive' && items.name === 'float' ? new Float32Array(0) : []);
}

function isRecord(type: AvroType): boolean {
  return type.kind === 'named' && lookup(model, type.fullName).kind === 'record';
}

function arbitraryOf(type: AvroType, depth: number): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'primitive': return primitive(type);
    case 'array':
      if (type.items.kind === 'primitive' && type.items.name === 'float') return fc.float32Array({ maxLength: 20 });
      return fc.array(arbitraryOf(type.items, depth), { maxLength: 3 });
    // A plain object keeps keys that look like array indexes in another order than they were set.
    case 'map': return fc.dictionary(fc.oneof(text.map((key) => `k${key}`), fc.constant('__proto__')), text, { maxKeys: 4, noNullPrototype: true });
    case 'named': {
      const named = lookup(model, type.fullName);
      return named.kind === 'enum' ? fc.constantFrom(...named.symbols) : ofRecord(named, depth - 1);
    }
    case 'union': throw new Error('a union in a message is null and one type, or has the attribute oneof');
  }
}

function primitive(type: Extract<AvroType, { kind: 'primitive' }>): fc.Arbitrary<unknown> {
  switch (type.name) {
    case 'null': return fc.constant(null);
    case 'boolean': return fc.boolean();
    case 'int': return fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.constantFrom(0, 1, -1));
    case 'long': return type.safe ? fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, 1, -1)) : fc.oneof(long, fc.constantFrom(0n, 1n, -1n));
    case 'float': return fc.float();
    case 'double': return fc.double();
    case 'string': return text;
    case 'bytes': return fc.uint8Array({ maxLength: 60 });
  }
}
