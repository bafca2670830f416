/** The user's own vectors: an .npy file, with one JSON object a line for metadata, and queries, where there are any. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { DataSet, Fields, RangeFilter, SetMetric } from './data-set.ts';
import { knownFilters, nearColumn, shares, sliceColumn } from './filters.ts';
import { readNpy } from './npy.ts';
import { shuffled } from './random.ts';

export interface OwnData {
  readonly data: string;
  readonly metadata?: string | undefined;
  readonly queries?: string | undefined;
  readonly metric: SetMetric;
  readonly rowsMax: number;
  readonly queriesMax: number;
}

const seed = 23;
/** Filters on so many numeric fields of the user's: each of them is asked of every peer. */
const ownFieldsMax = 2;

/** Without queries, rows are drawn by lot and held back. @throws Error that says which file to correct. */
export function ownSet({ data, metadata, queries, metric, rowsMax, queriesMax }: OwnData): DataSet {
  const { dimension, rows: given, values } = readNpy(data);
  const rowAt = (row: number): Float32Array => values.subarray(row * dimension, (row + 1) * dimension);
  const fields = metadata === undefined ? undefined : readLines(metadata, given);
  const asked = queries === undefined ? undefined : readNpy(queries);
  if (asked !== undefined && asked.dimension !== dimension) throw new Error(`${queries}: has ${asked.dimension} columns, ${data} has ${dimension}`);
  const order = shuffled(given, seed);
  const heldBack = asked === undefined ? Math.min(queriesMax, Math.ceil(given / 10)) : 0;
  const members = order.subarray(heldBack, heldBack + rowsMax);
  const vectors = new Float32Array(members.length * dimension);
  members.forEach((from, row) => { vectors.set(rowAt(from), row * dimension); });
  const slices = sliceColumn(members.length, seed + 1);
  const near = nearColumn(vectors, dimension, seed + 2);
  const metadataOf = (row: number): Fields => ({ ...fields?.[members[row] ?? 0], slice: slices[row] ?? 0, near: near[row] ?? 0 });
  const names = Object.keys(fields?.[0] ?? {}).filter((name) => name !== 'slice' && name !== 'near' && typeof fields?.[0]?.[name] === 'number');
  return {
    name: basename(data, '.npy'), metric, dimension, rows: members.length, vectors, metadata: metadataOf,
    queries: asked === undefined
      ? Array.from(order.subarray(0, heldBack), (row) => rowAt(row).slice())
      : Array.from({ length: Math.min(asked.rows, queriesMax) }, (_, i) => asked.values.slice(i * dimension, (i + 1) * dimension)),
    filters: [...knownFilters(slices, near), ...names.slice(0, ownFieldsMax).flatMap((name) => filtersOf(name, members.length, metadataOf))],
  };
}

/** Thresholds of one field that match about the shares of the other filters, and how much they really match. */
function filtersOf(field: string, rows: number, metadataOf: (row: number) => Fields): RangeFilter[] {
  const values = Array.from({ length: rows }, (_, row) => metadataOf(row)[field]);
  const numbers = values.filter((value) => typeof value === 'number').sort((one, other) => one - other);
  const belows = new Set(shares.map((share) => numbers[Math.floor(rows * share)]).filter((value) => value !== undefined));
  return [...belows].flatMap((below): RangeFilter[] => {
    const matching = numbers.findIndex((value) => value >= below);
    return matching <= 0 ? [] : [{ field, below, kind: 'own', share: matching / rows }];
  });
}

function readLines(path: string, rows: number): Fields[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  if (lines.length !== rows) throw new Error(`${path}: has ${lines.length} lines for ${rows} vectors; give each row one JSON object on a line`);
  return lines.map((line, i) => {
    const read = (): unknown => {
      try {
        return JSON.parse(line);
      } catch (error) {
        throw new Error(`${path}:${i + 1}: is not JSON`, { cause: error });
      }
    };
    const value = read();
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${path}:${i + 1}: is not a JSON object`);
    // What is nested is not for every peer.
    return Object.fromEntries(Object.entries(value).filter(([, each]) => ['string', 'number', 'boolean'].includes(typeof each)));
  });
}
