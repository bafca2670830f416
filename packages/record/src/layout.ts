/** How a writer schema lays out a metadata value: today's `Value {value: union}`, or one that resolves to it. */
import { invalid } from '@proximadb/errors';
import type { AvroType } from './avro.ts';
import type { Sizes } from './sizes.ts';
import type { Skip, SkipCompiler } from './skip.ts';

export const valueName = 'proximadb.v1.Value';

/** What a branch of a writer's union is to us. An int is read as a long and a float as a double, as Avro promotes them. */
export const kindNull = 0;
export const kindBoolean = 1;
export const kindLong = 2;
export const kindDouble = 3;
export const kindString = 4;
export const kindBytes = 5;
export const kindArray = 6;
export const kindMap = 7;
export const kindInt = 8;
export const kindFloat = 9;

export interface ValueLayout {
  /** Kind of each branch of the writer's union. */
  readonly kinds: Uint8Array;
  /** Fields around `value` that we do not know; null where there are none, which is the rule. */
  readonly before: readonly Skip[] | null;
  readonly after: readonly Skip[] | null;
  /** Two layouts with one signature write values in the same bytes. */
  readonly signature: string;
}

/** Today's `Value`: the branches stand in the order of the kinds. A test compares it with the schema. */
export const todaysLayout: ValueLayout = {
  kinds: Uint8Array.of(kindNull, kindBoolean, kindLong, kindDouble, kindString, kindBytes, kindArray, kindMap),
  before: null, after: null,
  signature: `${valueName}(value:(null|boolean|long|double|string|bytes|[<${valueName}>]|{<${valueName}>}))`,
};

const kinds: Partial<Record<AvroType['kind'], number>> = {
  null: kindNull, boolean: kindBoolean, long: kindLong, double: kindDouble, string: kindString, bytes: kindBytes,
  array: kindArray, map: kindMap, int: kindInt, float: kindFloat,
};

/** @throws AppError INVALID_ARGUMENT if the type does not resolve to today's Value */
export function valueLayout(type: AvroType, sizes: Sizes, skips: SkipCompiler): ValueLayout {
  if (type.kind !== 'record' || type.name !== valueName) throw invalid(`metadata is a map of ${valueName}`);
  const at = type.fields.findIndex((field) => field.name === 'value');
  const union = type.fields[at]?.type;
  if (union?.kind !== 'union') throw invalid(`${valueName} has a field "value" that is a union`);
  for (const branch of union.branches) {
    const inner: AvroType = branch.kind === 'array' ? branch.items : branch.kind === 'map' ? branch.values : type;
    if (kinds[branch.kind] === undefined || inner !== type) throw invalid(`${valueName} has a branch ${branch.kind} that today's schema cannot read`);
  }
  const skipsOf = (from: number, to: number): Skip[] | null => {
    const unknown = type.fields.slice(from, to).filter((field) => !sizes.takesNoBytes(field.type));
    return unknown.length === 0 ? null : unknown.map((field) => skips.compile(field.type));
  };
  const before = skipsOf(0, at);
  const after = skipsOf(at + 1, type.fields.length);
  return { kinds: Uint8Array.from(union.branches, (branch) => kinds[branch.kind] ?? 0), before, after, signature: describe(type, new Set()) };
}

/** The type's structure as a text: equal for types that are written in the same bytes by the same names. */
function describe(type: AvroType, defined: Set<AvroType>): string {
  if (defined.has(type)) return 'name' in type ? `<${type.name}>` : type.kind;
  switch (type.kind) {
    case 'array': return `[${describe(type.items, defined)}]`;
    case 'map': return `{${describe(type.values, defined)}}`;
    case 'union': return `(${type.branches.map((branch) => describe(branch, defined)).join('|')})`;
    case 'enum': return `enum ${type.symbols}`;
    case 'fixed': return `fixed ${type.size}`;
    case 'record': {
      defined.add(type);
      return `${type.name}(${type.fields.map((field) => `${field.name}:${describe(field.type, defined)}`).join()})`;
    }
    default: return type.kind;
  }
}
