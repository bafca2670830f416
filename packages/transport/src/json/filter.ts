/**
 * Filters in JSON: `{"year": {"$gte": 2020}, "$or": [{"lang": "de"}, {"tags": {"$in": ["a", "b"]}}]}`.
 * An object is the conjunction of its entries; a bare value means `$eq`; dots in a path lead into nested maps. A dot, a backslash or a
 * leading `$` that belongs to a key is written with a backslash before it. `$timestamp` is the record's own. Whole numbers are longs, all others doubles.
 */
import { invalid, unreachable, type AppError } from '@proximadb/errors';
import { isJsonObject, isTimestamp, JsonNumber, timestampField, valueToJson, type JsonValue } from '@proximadb/record';
import { NullValue, type Combination, type Filter, type FilterOperator, type FilterValue } from '@proximadb/schemas';

const operators: Readonly<Record<string, FilterOperator>> = {
  $eq: 'eq', $ne: 'ne', $gt: 'gt', $gte: 'gte', $lt: 'lt', $lte: 'lte', $in: 'in', $nin: 'nin', $exists: 'exists', $contains: 'contains',
  $startsWith: 'starts_with',
};
const operatorNames = new Map(Object.entries(operators).map(([name, operator]) => [operator, name]));

/**
 * Its limits (depth, nodes, values) are left to whoever compiles the filter.
 * @param place how errors call the filter: `filter`, `searches[2].filter`.
 * @throws AppError INVALID_ARGUMENT whose field names the place: `filter.$or[1].year.$gte`.
 */
export function filterFromJson(json: JsonValue, place = 'filter'): Filter {
  if (!isJsonObject(json)) throw fault(`must be an object, not ${kindOf(json)}`, place);
  return conjunction([...json].flatMap(([key, value]) => entryFromJson(key, value, place)));
}

function entryFromJson(key: string, value: JsonValue, place: string): Filter[] {
  const here = `${place}.${shown(key)}`;
  switch (key) {
    case '$and': case '$or': {
      if (!isList(value)) throw fault(`must be an array of filters, not ${kindOf(value)}`, here);
      return [combination(key === '$and' ? 'and' : 'or', value.map((item, index) => filterFromJson(item, `${here}[${index}]`)))];
    }
    case '$not': return [{ node: { kind: 'not', value: filterFromJson(value, here) } }];
    case timestampField: return conditionsFromJson([key], value, here);
    default:
      if (key.startsWith('$')) {
        throw fault(`is no operator here; there are $and, $or, $not and the path $timestamp${key in operators ? `; ${key} stands below a path` : ''}`, here);
      }
      return conditionsFromJson(pathOf(key, here), value, here);
  }
}

/** What is asked of one path: a bare value, or an object of operators. */
function conditionsFromJson(path: readonly string[], json: JsonValue, place: string): Filter[] {
  if (!isJsonObject(json)) {
    if (isList(json)) throw fault('an array is no value to compare with; use $in for one of several, $contains for an element', place);
    return [comparison(path, 'eq', [scalarFromJson(json, place)])];
  }
  if (json.size === 0) throw fault('has no operator', place);
  return [...json].map(([name, value]) => {
    const here = `${place}.${shown(name)}`;
    const operator = Object.hasOwn(operators, name) ? operators[name] : undefined;
    if (operator !== undefined) return comparison(path, operator, operandsFromJson(operator, value, here));
    if (name.startsWith('$')) throw fault(`is no operator; there are ${Object.keys(operators).join(' ')}`, here);
    throw fault(`an operator is expected; a nested key is reached with a dot: "${shown([...path, name].join('.'))}"`, here);
  });
}

function operandsFromJson(operator: FilterOperator, json: JsonValue, place: string): FilterValue[] {
  switch (operator) {
    case 'in': case 'nin':
      if (!isList(json)) throw fault(`must be an array, not ${kindOf(json)}`, place);
      return json.map((item, index) => scalarFromJson(item, `${place}[${index}]`));
    case 'exists':
      if (typeof json !== 'boolean') throw fault(`must be true or false, not ${kindOf(json)}`, place);
      break;
    case 'starts_with':
      if (typeof json !== 'string') throw fault(`must be a string, not ${kindOf(json)}`, place);
      break;
    case 'gt': case 'gte': case 'lt': case 'lte':
      if (typeof json !== 'string' && !(json instanceof JsonNumber)) throw fault(`must be a number or a string, not ${kindOf(json)}`, place);
      break;
    case 'eq': case 'ne': case 'contains': break;
    default: unreachable(operator);
  }
  return [scalarFromJson(json, place)];
}

function scalarFromJson(json: JsonValue, place: string): FilterValue {
  if (json === null) return { value: { kind: 'nullValue', value: NullValue.create() } };
  if (typeof json === 'boolean') return { value: { kind: 'boolean', value: json } };
  if (typeof json === 'string') return { value: { kind: 'string', value: json } };
  if (!(json instanceof JsonNumber)) throw fault(`must be a string, a number, a boolean or null, not ${kindOf(json)}`, place);
  if (json.isInteger) {
    const long = json.toLong();
    if (long === null) throw fault('an integer takes more than 64 bits; write it with a fraction (1.0)', place);
    return { value: { kind: 'long', value: long } };
  }
  const double = json.toNumber();
  if (!Number.isFinite(double)) throw fault('is beyond the range of 64-bit floats', place);
  return { value: { kind: 'double', value: double } };
}

/** Keys between dots; a backslash takes the next character as it is. */
function pathOf(text: string, place: string): string[] {
  const path = [''];
  for (let at = 0; at < text.length; at++) {
    const last = path.length - 1;
    if (text[at] === '.') path.push('');
    else if (text[at] !== '\\') path[last] += text[at] ?? '';
    else if (++at < text.length) path[last] += text[at] ?? '';
    else throw fault('ends with a backslash', place);
  }
  if (path.some((key) => key === '')) throw fault('a key of the path is empty', place);
  return path;
}

/** The JSON text that {@link filterFromJson} reads as the same filter; of `null` nodes and values, which no JSON has, the nearest. */
export function filterToJson({ node }: Filter): string {
  if (node === null) return '{}';
  switch (node.kind) {
    case 'not': return `{"$not":${filterToJson(node.value)}}`;
    case 'combination': return `{"$${node.value.operator}":[${node.value.filters.map(filterToJson).join()}]}`;
    case 'comparison': {
      const { path, operator, values } = node.value;
      const keys = path.map((one, index) => (index === 0 ? one.replace(/[.\\]|^\$/g, '\\$&') : one.replace(/[.\\]/g, '\\$&')));
      const key = isTimestamp(path) ? timestampField : keys.join('.');
      const texts = values.map(scalarToJson);
      const operand = operator === 'in' || operator === 'nin' ? `[${texts.join()}]` : texts[0] ?? 'null';
      return `{${JSON.stringify(key)}:{"${operatorNames.get(operator) ?? operator}":${operand}}}`;
    }
    default: return unreachable(node);
  }
}

function scalarToJson({ value }: FilterValue): string {
  return value === null || value.kind === 'nullValue' ? 'null' : valueToJson(value.value);
}

function comparison(path: readonly string[], operator: FilterOperator, values: readonly FilterValue[]): Filter {
  return { node: { kind: 'comparison', value: { path, operator, values } } };
}

function combination(operator: Combination['operator'], filters: readonly Filter[]): Filter {
  return { node: { kind: 'combination', value: { operator, filters } } };
}

/** One filter is itself; of none every record is a match. */
function conjunction(filters: readonly Filter[]): Filter {
  const [only] = filters;
  return only !== undefined && filters.length === 1 ? only : combination('and', filters);
}

function fault(reason: string, field: string): AppError {
  return invalid(reason, { field });
}

function isList(json: JsonValue): json is readonly JsonValue[] {
  return Array.isArray(json);
}

function shown(key: string): string {
  return key.length > 100 ? `${key.slice(0, 100).toWellFormed()}…` : key;
}

/** What a value is, for errors. */
export function kindOf(json: JsonValue | undefined): string {
  if (json === undefined) return 'nothing';
  if (json === null) return 'null';
  if (json instanceof JsonNumber) return 'a number';
  if (isJsonObject(json)) return 'an object';
  return typeof json === 'string' ? 'a string' : typeof json === 'boolean' ? 'a boolean' : 'an array';
}

