/** Metadata where it lies: checked, passed over, or read, by the layout of its writer. */
import {
  kindArray, kindBoolean, kindBytes, kindDouble, kindFloat, kindInt, kindLong, kindMap, kindNull, kindString, type ValueLayout,
} from './layout.ts';
import { doubleAt, floatAt, longAt, type Reader } from './reader.ts';
import { bytesEqual, readText, textEquals } from './text.ts';
import { keyBytesMax, nestingMax, type MetadataValue } from './types.ts';

/** Up to so many keys are compared one by one; a larger map gets a set, so that the work stays linear. */
const pairwiseMax = 12;
/** Start and length of the first keys of every map that is open, a row a level. */
const keyStarts = new Int32Array(pairwiseMax * (nestingMax + 2));
const keyLengths = new Int32Array(pairwiseMax * (nestingMax + 2));

/** Validates a map's entries at the reader; `level` is 1 for the metadata itself. */
export function checkMap(reader: Reader, layout: ValueLayout, level: number): void {
  if (level > nestingMax) throw reader.fault(`nests deeper than ${nestingMax} levels`);
  const row = level * pairwiseMax;
  let seen = 0;
  let set: Set<string> | null = null;
  for (let count = reader.readBlock(2); count > 0; count = reader.readBlock(2)) {
    const { blockEnd } = reader;
    for (let index = 0; index < count; index++) {
      const length = reader.readLength();
      const start = reader.position;
      reader.atKey(level - 1, start, length);
      if (length > keyBytesMax) throw reader.fault(`a key has ${length} bytes, more than ${keyBytesMax}`);
      reader.skipText(length);
      if (seen < pairwiseMax) {
        for (let other = row; other < row + seen; other++) {
          if (keyLengths[other] === length && bytesEqual(reader.bytes, keyStarts[other] ?? 0, start, length)) throw reader.fault('the key is there twice');
        }
        keyStarts[row + seen] = start;
        keyLengths[row + seen] = length;
      } else {
        set ??= firstKeys(reader, row);
        const key = readText(reader.bytes, start, start + length);
        if (set.has(key)) throw reader.fault('the key is there twice');
        set.add(key);
      }
      seen++;
      checkValue(reader, layout, level);
    }
    reader.leave(level - 1);
    reader.closeBlock(blockEnd);
  }
}

function firstKeys(reader: Reader, row: number): Set<string> {
  const set = new Set<string>();
  for (let other = row; other < row + pairwiseMax; other++) {
    const start = keyStarts[other] ?? 0;
    set.add(readText(reader.bytes, start, start + (keyLengths[other] ?? 0)));
  }
  return set;
}

function checkArray(reader: Reader, layout: ValueLayout, level: number): void {
  if (level > nestingMax) throw reader.fault(`nests deeper than ${nestingMax} levels`);
  let seen = 0;
  for (let count = reader.readBlock(1); count > 0; count = reader.readBlock(1)) {
    const { blockEnd } = reader;
    for (let index = 0; index < count; index++) {
      reader.atIndex(level - 1, seen++);
      checkValue(reader, layout, level);
    }
    reader.leave(level - 1);
    reader.closeBlock(blockEnd);
  }
}

/** `level`: that of the map or array that the value is in. */
function checkValue(reader: Reader, layout: ValueLayout, level: number): void {
  if (layout.before !== null) for (const skip of layout.before) skip(reader);
  const { kinds } = layout;
  switch (kinds[reader.readBranch(kinds.length)]) {
    case kindNull: break;
    case kindBoolean: reader.readBoolean(); break;
    case kindLong: reader.skipLong(); break;
    case kindDouble: reader.skipFiniteDouble(); break;
    case kindString: reader.skipText(reader.readLength()); break;
    case kindBytes: reader.skip(reader.readLength()); break;
    case kindArray: checkArray(reader, layout, level + 1); break;
    case kindMap: checkMap(reader, layout, level + 1); break;
    case kindInt: reader.skipInt(); break;
    case kindFloat: reader.skipFiniteFloat(); break;
    default: break;
  }
  if (layout.after !== null) for (const skip of layout.after) skip(reader);
}

/** Moves past a map; blocks that say how long they are, are jumped over. */
export function skipMap(reader: Reader, layout: ValueLayout, level: number): void {
  skipBlocks(reader, layout, level, true);
}

function skipBlocks(reader: Reader, layout: ValueLayout, level: number, keyed: boolean): void {
  if (level > nestingMax) throw reader.fault(`nests deeper than ${nestingMax} levels`);
  for (let count = reader.readBlock(1); count > 0; count = reader.readBlock(1)) {
    if (reader.blockEnd >= 0) {
      reader.position = reader.blockEnd;
      continue;
    }
    for (let index = 0; index < count; index++) {
      if (keyed) reader.skip(reader.readLength());
      skipValue(reader, layout, level);
    }
  }
}

/** `level`: that of the map or array that the value is in. */
export function skipValue(reader: Reader, layout: ValueLayout, level: number): void {
  if (layout.before !== null) for (const skip of layout.before) skip(reader);
  const { kinds } = layout;
  switch (kinds[reader.readBranch(kinds.length)]) {
    case kindNull: break;
    case kindBoolean: reader.skip(1); break;
    case kindLong: case kindInt: reader.skipLong(); break;
    case kindDouble: reader.skip(8); break;
    case kindFloat: reader.skip(4); break;
    case kindString: case kindBytes: reader.skip(reader.readLength()); break;
    case kindArray: skipBlocks(reader, layout, level + 1, false); break;
    case kindMap: skipBlocks(reader, layout, level + 1, true); break;
    default: break;
  }
  if (layout.after !== null) for (const skip of layout.after) skip(reader);
}

export function readMap(reader: Reader, layout: ValueLayout, level: number): Map<string, MetadataValue> {
  if (level > nestingMax) throw reader.fault(`nests deeper than ${nestingMax} levels`);
  const map = new Map<string, MetadataValue>();
  for (let count = reader.readBlock(2); count > 0; count = reader.readBlock(2)) {
    for (let index = 0; index < count; index++) {
      const key = readString(reader);
      map.set(key, readValue(reader, layout, level));
    }
  }
  return map;
}

function readArray(reader: Reader, layout: ValueLayout, level: number): MetadataValue[] {
  if (level > nestingMax) throw reader.fault(`nests deeper than ${nestingMax} levels`);
  const array: MetadataValue[] = [];
  for (let count = reader.readBlock(1); count > 0; count = reader.readBlock(1)) {
    for (let index = 0; index < count; index++) array.push(readValue(reader, layout, level));
  }
  return array;
}

export function readString(reader: Reader): string {
  const length = reader.readLength();
  const start = reader.position;
  reader.skip(length);
  return readText(reader.bytes, start, start + length);
}

/** `level`: that of the map or array that the value is in. Bytes are a view. */
export function readValue(reader: Reader, layout: ValueLayout, level: number): MetadataValue {
  if (layout.before !== null) for (const skip of layout.before) skip(reader);
  const value = readBranch(reader, layout, level);
  if (layout.after !== null) for (const skip of layout.after) skip(reader);
  return value;
}

function readBranch(reader: Reader, layout: ValueLayout, level: number): MetadataValue {
  const { kinds } = layout;
  const kind = kinds[reader.readBranch(kinds.length)];
  const at = reader.position;
  switch (kind) {
    case kindBoolean: return reader.readBoolean();
    case kindLong: case kindInt: reader.skipLong(); return longAt(reader.bytes, at);
    case kindDouble: reader.skip(8); return doubleAt(reader.bytes, at);
    case kindFloat: reader.skip(4); return floatAt(reader.bytes, at);
    case kindString: return readString(reader);
    case kindBytes: {
      const length = reader.readLength();
      const start = reader.position;
      reader.skip(length);
      return reader.bytes.subarray(start, start + length);
    }
    case kindArray: return readArray(reader, layout, level + 1);
    case kindMap: return readMap(reader, layout, level + 1);
    default: return null;
  }
}

/** Finds the value at a path of map keys: leaves the reader before it, or answers false. The reader stands before a map's first block. */
export function seekValue(reader: Reader, layout: ValueLayout, path: readonly string[]): boolean {
  for (let step = 0; step < path.length; step++) {
    if (step > 0 && !enterMap(reader, layout)) return false;
    if (!seekKey(reader, layout, path[step] ?? '', step + 1)) return false;
  }
  return path.length > 0;
}

function enterMap(reader: Reader, layout: ValueLayout): boolean {
  if (layout.before !== null) for (const skip of layout.before) skip(reader);
  return layout.kinds[reader.readBranch(layout.kinds.length)] === kindMap;
}

function seekKey(reader: Reader, layout: ValueLayout, key: string, level: number): boolean {
  if (level > nestingMax) return false;
  for (let count = reader.readBlock(2); count > 0; count = reader.readBlock(2)) {
    for (let index = 0; index < count; index++) {
      const length = reader.readLength();
      const start = reader.position;
      reader.skip(length);
      if (textEquals(reader.bytes, start, start + length, key)) return true;
      skipValue(reader, layout, level);
    }
  }
  return false;
}
