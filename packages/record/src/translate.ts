/** Metadata values written in a layout: today's, or another writer's. */
import {
  kindArray, kindBoolean, kindBytes, kindDouble, kindFloat, kindInt, kindLong, kindMap, kindNull, kindString, type ValueLayout,
} from './layout.ts';
import type { Metadata, MetadataValue } from './types.ts';
import type { Writer } from './writer.ts';

/**
 * Writes the value, arrays and maps in one block each.
 * @returns false if the layout has no branch for it, or fields that nobody fills; then what was written is void
 * @throws AppError INVALID_ARGUMENT if a text or a long cannot be written at all; `field` names the place
 */
export function writeValueAs(writer: Writer, layout: ValueLayout, value: MetadataValue, field: string): boolean {
  if (layout.before !== null || layout.after !== null) return false;
  const { kind, branch } = branchFor(layout, value);
  if (branch < 0) return false;
  writer.count(branch);
  switch (kind) {
    case kindBoolean: writer.byte(value === true ? 1 : 0); return true;
    case kindLong: case kindInt: writer.long(value as bigint, field); return true;
    case kindDouble: writer.double(value as number); return true;
    case kindFloat: writer.floats([value as number]); return true;
    case kindString: writer.string(value as string, field); return true;
    case kindBytes: writer.bytes(value as Uint8Array); return true;
    case kindArray: return writeArrayAs(writer, layout, value as readonly MetadataValue[], field);
    case kindMap: return writeMapAs(writer, layout, value as Metadata, field);
    default: return true;
  }
}

function writeArrayAs(writer: Writer, layout: ValueLayout, array: readonly MetadataValue[], field: string): boolean {
  if (array.length > 0) writer.count(array.length);
  for (const [index, item] of array.entries()) {
    if (!writeValueAs(writer, layout, item, `${field}[${index}]`)) return false;
  }
  writer.count(0);
  return true;
}

/** As {@link writeValueAs}, of the entries of a map without a tag. */
export function writeMapAs(writer: Writer, layout: ValueLayout, map: Metadata, field: string): boolean {
  if (map.size > 0) writer.count(map.size);
  for (const [key, value] of map) {
    writer.string(key, field);
    if (!writeValueAs(writer, layout, value, `${field}.${key}`)) return false;
  }
  writer.count(0);
  return true;
}

/** The branch that holds the value without a loss: an int for a long, a float for a double, where it fits. */
function branchFor(layout: ValueLayout, value: MetadataValue): { kind: number; branch: number } {
  const kind = kindOf(value);
  const branch = layout.kinds.indexOf(kind);
  if (branch >= 0) return { kind, branch };
  if (typeof value === 'bigint' && BigInt.asIntN(32, value) === value) return { kind: kindInt, branch: layout.kinds.indexOf(kindInt) };
  if (typeof value === 'number' && Math.fround(value) === value) return { kind: kindFloat, branch: layout.kinds.indexOf(kindFloat) };
  return { kind, branch };
}

function kindOf(value: MetadataValue): number {
  if (value === null) return kindNull;
  switch (typeof value) {
    case 'boolean': return kindBoolean;
    case 'bigint': return kindLong;
    case 'number': return kindDouble;
    case 'string': return kindString;
    default: return value instanceof Uint8Array ? kindBytes : value instanceof Map ? kindMap : kindArray;
  }
}
