/** Whether a record's metadata meets a predicate: the definition that the columns of a segment are tested against. */
import { unreachable } from '@proximadb/errors';
import type { Metadata, MetadataValue } from '@proximadb/record';
import { canonicalNumber, compareNumbers, compareStrings } from './order.ts';
import type { Bound, Predicate, Scalar } from './predicate.ts';

export function matches(predicate: Predicate, metadata: Metadata): boolean {
  switch (predicate.kind) {
    case 'and': return predicate.of.every((part) => matches(part, metadata));
    case 'or': return predicate.of.some((part) => matches(part, metadata));
    case 'not': return !matches(predicate.of, metadata);
    case 'exists': return isThere(metadata, predicate.path, 0);
    case 'in': {
      const wanted = lookupOf(predicate.values);
      return reaches(metadata, predicate.path, 0, false, (value) => wanted.has(canonical(value)));
    }
    case 'range': {
      const { lower, upper } = predicate;
      return (lower !== null || upper !== null)
        && reaches(metadata, predicate.path, 0, false, (value) => isWithin(value, lower, 1) && isWithin(value, upper, -1));
    }
    case 'contains': {
      const wanted = canonical(predicate.value);
      return reaches(metadata, predicate.path, 0, false, (value, inArray) => {
        if (inArray) return canonical(value) === wanted;
        return typeof value === 'string' && typeof wanted === 'string' && value.includes(wanted);
      });
    }
    case 'prefix': return reaches(metadata, predicate.path, 0, false, (value) => typeof value === 'string' && value.startsWith(predicate.prefix));
    default: return unreachable(predicate);
  }
}

/** Whether a scalar at the end of the path passes the test; `inArray` says that the last key's value is an array that holds it, at any level. */
function reaches(
  value: MetadataValue, path: readonly string[], depth: number, inArray: boolean, test: (value: Scalar, inArray: boolean) => boolean,
): boolean {
  if (isArray(value)) return value.some((element) => reaches(element, path, depth, true, test));
  const key = path[depth];
  if (key === undefined) return !isMap(value) && !(value instanceof Uint8Array) && test(value, inArray);
  if (!isMap(value)) return false;
  const next = value.get(key);
  return next !== undefined && reaches(next, path, depth + 1, false, test);
}

function isThere(value: MetadataValue, path: readonly string[], depth: number): boolean {
  const key = path[depth];
  if (key === undefined) return true;
  if (isArray(value)) return value.some((element) => isThere(element, path, depth));
  if (!isMap(value)) return false;
  const next = value.get(key);
  return next !== undefined && isThere(next, path, depth + 1);
}

/** `side` is 1 for a lower bound, −1 for an upper one. No bound holds for all, a bound of another kind for none. */
function isWithin(value: Scalar, bound: Bound | null, side: 1 | -1): boolean {
  if (bound === null) return true;
  const order = compareWith(value, bound.value);
  return order !== undefined && (order * side > 0 || (order === 0 && bound.inclusive));
}

function compareWith(value: Scalar, other: number | bigint | string): number | undefined {
  if (typeof value === 'string') return typeof other === 'string' ? compareStrings(value, other) : undefined;
  if (typeof value === 'number' || typeof value === 'bigint') return typeof other === 'string' ? undefined : compareNumbers(value, other);
  return undefined;
}

function canonical(value: Scalar): Scalar {
  return typeof value === 'number' || typeof value === 'bigint' ? canonicalNumber(value) : value;
}

const lookups = new WeakMap<readonly Scalar[], ReadonlySet<Scalar>>();

/** The wanted values by their canonical spelling: made once a predicate, so that thousands of them cost a record one look. */
function lookupOf(values: readonly Scalar[]): ReadonlySet<Scalar> {
  let lookup = lookups.get(values);
  if (lookup === undefined) lookups.set(values, lookup = new Set(values.map(canonical)));
  return lookup;
}

export function isArray(value: MetadataValue): value is readonly MetadataValue[] {
  return Array.isArray(value);
}

export function isMap(value: MetadataValue): value is Metadata {
  return value instanceof Map;
}
