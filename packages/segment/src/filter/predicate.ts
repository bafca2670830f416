/** What a filter asks, as plain data that can cross a thread, and its checked translation from the API's message. */
import { invalid, unreachable } from '@proximadb/errors';
import type { Comparison, Filter, FilterOperator, FilterValue } from '@proximadb/schemas';

export type Scalar = null | boolean | bigint | number | string;

/** Numbers compare with numbers by exact value, strings with strings by UTF-8 bytes. */
export interface Bound {
  readonly value: number | bigint | string;
  readonly inclusive: boolean;
}

/**
 * A filter over metadata and timestamps; README.md has the meaning of each kind. Paths are keys from the top of the metadata down, at least one, or
 * `timestampField` alone.
 * Strings are well-formed (no lone surrogate) and numbers finite. Never changed after it was made: lookups made from it are kept.
 */
export type Predicate =
  /** `and` of nothing holds for every record, `or` of nothing for none. */
  | { readonly kind: 'and' | 'or'; readonly of: readonly Predicate[] }
  | { readonly kind: 'not'; readonly of: Predicate }
  | { readonly kind: 'in'; readonly path: readonly string[]; readonly values: readonly Scalar[] }
  /** One value lies within both bounds; at least one bound is there. */
  | { readonly kind: 'range'; readonly path: readonly string[]; readonly lower: Bound | null; readonly upper: Bound | null }
  | { readonly kind: 'exists'; readonly path: readonly string[] }
  | { readonly kind: 'contains'; readonly path: readonly string[]; readonly value: Scalar }
  | { readonly kind: 'prefix'; readonly path: readonly string[]; readonly prefix: string };

/** What a filter may be at most. */
export const filterLimits = {
  /** Combinations and nots, one inside the other, with the comparison at the bottom. */
  depthMax: 16,
  /** Combinations, nots and comparisons in all. */
  nodesMax: 1000,
  /** Values of one `$in` or `$nin`. */
  valuesMax: 10_000,
  pathKeysMax: 16,
  keyBytesMax: 512,
} as const;

/** Operators as people write them in JSON. */
const operatorNames: Readonly<Record<FilterOperator, string>> = {
  eq: '$eq', ne: '$ne', gt: '$gt', gte: '$gte', lt: '$lt', lte: '$lte', in: '$in', nin: '$nin', exists: '$exists', contains: '$contains',
  starts_with: '$startsWith',
};

/**
 * @param field how the caller calls the filter; places in errors begin with it.
 * @throws AppError INVALID_ARGUMENT whose field names the place, like `filter.$and[1].year`.
 */
export function compileFilter(filter: Filter, field = 'filter'): Predicate {
  return compileNode(filter, field, 1, { nodes: 0 });
}

function compileNode(filter: Filter, place: string, depth: number, budget: { nodes: number }): Predicate {
  const { depthMax, nodesMax } = filterLimits;
  budget.nodes += 1;
  if (budget.nodes > nodesMax) throw invalid(`a filter has at most ${nodesMax} parts`, { field: place });
  if (depth > depthMax) throw invalid(`a filter nests at most ${depthMax} levels`, { field: place });
  const { node } = filter;
  if (node === null) throw invalid('is empty: a combination, a not or a comparison is expected', { field: place });
  switch (node.kind) {
    case 'not': return { kind: 'not', of: compileNode(node.value, `${place}.$not`, depth + 1, budget) };
    case 'comparison': return compileComparison(node.value, place);
    case 'combination': {
      const { operator, filters } = node.value;
      if (operator === 'or' && filters.length === 0) throw invalid('$or of nothing matches nothing: it takes at least one filter', { field: place });
      return { kind: operator, of: filters.map((part, i) => compileNode(part, `${place}.$${operator}[${i}]`, depth + 1, budget)) };
    }
    default: return unreachable(node);
  }
}

function compileComparison({ path, operator, values }: Comparison, parent: string): Predicate {
  const place = checkPath(path, parent);
  switch (operator) {
    case 'eq': return { kind: 'in', path, values: [onlyScalar(operator, values, place)] };
    case 'ne': return { kind: 'not', of: { kind: 'in', path, values: [onlyScalar(operator, values, place)] } };
    case 'in': return { kind: 'in', path, values: scalars(operator, values, place) };
    case 'nin': return { kind: 'not', of: { kind: 'in', path, values: scalars(operator, values, place) } };
    case 'gt': case 'gte': return { kind: 'range', path, lower: bound(operator, values, place), upper: null };
    case 'lt': case 'lte': return { kind: 'range', path, lower: null, upper: bound(operator, values, place) };
    case 'contains': return { kind: 'contains', path, value: onlyScalar(operator, values, place) };
    case 'exists': {
      const wanted = onlyScalar(operator, values, place);
      if (typeof wanted !== 'boolean') throw invalid(`$exists takes true or false, not ${nameOf(wanted)}`, { field: place });
      const exists: Predicate = { kind: 'exists', path };
      return wanted ? exists : { kind: 'not', of: exists };
    }
    case 'starts_with': {
      const prefix = onlyScalar(operator, values, place);
      if (typeof prefix !== 'string') throw invalid(`$startsWith takes a string, not ${nameOf(prefix)}`, { field: place });
      return { kind: 'prefix', path, prefix };
    }
    default: return unreachable(operator);
  }
}

/** @returns the place with the path behind it. */
function checkPath(path: readonly string[], parent: string): string {
  const { pathKeysMax, keyBytesMax } = filterLimits;
  if (path.length === 0) throw invalid('a path has at least one key', { field: parent });
  const place = path.slice(0, pathKeysMax).reduce((before, key) => before + keyInPlace(key), parent);
  if (path.length > pathKeysMax) throw invalid(`a path has at most ${pathKeysMax} keys, not ${path.length}`, { field: place });
  for (const key of path) {
    if (!key.isWellFormed()) throw invalid('a key is not valid Unicode', { field: place });
    if (key.length > keyBytesMax || Buffer.byteLength(key) > keyBytesMax) throw invalid(`a key has at most ${keyBytesMax} bytes`, { field: place });
  }
  return place;
}

/** A key that is no plain word, or is long, is shown in quotes and cut. */
function keyInPlace(key: string): string {
  if (/^[\p{L}\p{N}_-]{1,64}$/u.test(key)) return `.${key}`;
  const shown = key.length > 64 ? `${key.slice(0, 64)}…` : key;
  return `[${JSON.stringify(shown)}]`;
}

function onlyScalar(operator: FilterOperator, values: readonly FilterValue[], place: string): Scalar {
  const [value] = values;
  if (value === undefined || values.length !== 1) throw invalid(`${operatorNames[operator]} takes one value, not ${values.length}`, { field: place });
  return scalarOf(value, place);
}

function scalars(operator: FilterOperator, values: readonly FilterValue[], place: string): Scalar[] {
  const { valuesMax } = filterLimits;
  if (values.length > valuesMax) throw invalid(`${operatorNames[operator]} takes at most ${valuesMax} values, not ${values.length}`, { field: place });
  return values.map((value, i) => scalarOf(value, `${place}.${operatorNames[operator]}[${i}]`));
}

function bound(operator: 'gt' | 'gte' | 'lt' | 'lte', values: readonly FilterValue[], place: string): Bound {
  const value = onlyScalar(operator, values, place);
  if (value === null || typeof value === 'boolean') {
    throw invalid(`${operatorNames[operator]} takes a number or a string, not ${nameOf(value)}`, { field: place });
  }
  return { value, inclusive: operator === 'gte' || operator === 'lte' };
}

function scalarOf({ value: node }: FilterValue, place: string): Scalar {
  if (node === null) throw invalid('has no value', { field: place });
  switch (node.kind) {
    case 'nullValue': return null;
    case 'boolean': return node.value;
    case 'long':
      if (BigInt.asIntN(64, node.value) !== node.value) throw invalid('an integer has at most 64 bits', { field: place });
      return node.value;
    case 'double':
      if (!Number.isFinite(node.value)) throw invalid(`a number must be finite, not ${node.value}`, { field: place });
      return node.value;
    case 'string':
      if (!node.value.isWellFormed()) throw invalid('a string is not valid Unicode', { field: place });
      return node.value;
    default: return unreachable(node);
  }
}

function nameOf(value: Scalar): string {
  if (value === null) return 'null';
  return typeof value === 'string' ? 'a string' : typeof value === 'boolean' ? 'a boolean' : 'a number';
}
