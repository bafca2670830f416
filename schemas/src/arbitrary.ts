/** Arbitrary messages of the API, for property tests. */
import fc from 'fast-check';
import { descriptors } from '../gen/ts/descriptors.ts';
import type { Messages } from '../gen/ts/api.ts';
import type { TypeDescriptor } from './descriptor.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/** @param depth how deep messages may still nest. */
export function arbitraryMessage<Name extends keyof Messages>(name: Name, depth = 4): fc.Arbitrary<Messages[Name]> {
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of descriptors[name].fields) {
    const value = (depth > 0 ? null : smallest(field.type, field.nullable)) ?? arbitraryOf(field.type, depth);
    fields[field.key] = field.nullable && field.type.kind !== 'oneof' ? fc.option(value) : value;
  }
  return fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<unknown> as fc.Arbitrary<Messages[Name]>;
}

function arbitraryOf(type: TypeDescriptor, depth: number): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'boolean': return fc.boolean();
    case 'int': return fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.constantFrom(0, 1, -1));
    case 'long': return fc.oneof(long, fc.constantFrom(0n, 1n, -1n));
    case 'float': return fc.float();
    case 'double': return fc.double();
    case 'string': return text;
    case 'bytes': return fc.uint8Array({ maxLength: 60 });
    case 'floats': return fc.float32Array({ maxLength: 20 });
    case 'array': return fc.array(arbitraryOf(type.items, depth), { maxLength: 3 });
    // A plain object keeps keys that look like array indexes in another order than they were set.
    case 'map': return fc.dictionary(fc.oneof(text.map((key) => `k${key}`), fc.constant('__proto__')), text, { maxKeys: 4, noNullPrototype: true });
    case 'enum': return fc.constantFrom(...type.symbols);
    case 'message': return arbitraryMessage(type.name, depth - 1);
    case 'oneof': {
      const members = type.members.map((member) => arbitraryOf(member.type, depth).map((value) => ({ kind: member.kind, value })));
      return fc.oneof(fc.constant(null), ...members);
    }
    case 'null': return fc.constant(null);
  }
}

/** Where messages may nest no deeper: what holds none, or null if the type holds none anyway (or must). */
function smallest(type: TypeDescriptor, nullable: boolean): fc.Arbitrary<unknown> | null {
  if (type.kind === 'array') return fc.constant([]);
  return type.kind === 'oneof' || (type.kind === 'message' && nullable) ? fc.constant(null) : null;
}
