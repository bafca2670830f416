/**
 * Conditions of writes in JSON. In a PUT or PATCH they stand in each record, beside its fields: `"ifAbsent": true`, `"ifPresent": true`
 * or `"ifVersion": "1-42"`. A delete has ids, not records: there `conditions` is a list of such objects, one for all ids or one an id.
 */
import { invalid } from '@proximadb/errors';
import { isJsonObject, type JsonValue } from '@proximadb/record';
import { Absent, Present, type Condition } from '@proximadb/schemas';
import { kindOf } from './filter.ts';

const names = ['ifAbsent', 'ifPresent', 'ifVersion'] as const;

/** A record apart from its condition. What is not an object is left to whoever reads the record. */
export function takeConditions(json: JsonValue, record: number): { readonly condition: Condition; readonly rest: JsonValue } {
  if (!isJsonObject(json) || !names.some((name) => json.has(name))) return { condition: { condition: null }, rest: json };
  const rest = new Map(json);
  for (const name of names) rest.delete(name);
  return { condition: conditionFromJson(json, { record }), rest };
}

/** @throws AppError INVALID_ARGUMENT unless each has exactly one of the three. */
export function conditionsFromJson(json: JsonValue, place: string): Condition[] {
  if (!Array.isArray(json)) throw invalid(`must be an array, not ${kindOf(json)}`, { field: place });
  return (json as readonly JsonValue[]).map((item, index) => {
    const field = `${place}[${index}]`;
    if (!isJsonObject(item)) throw invalid(`must be an object, not ${kindOf(item)}`, { field });
    for (const key of item.keys()) {
      if (!names.some((name) => name === key)) throw invalid(`no such field; there are ${names.join(', ')}`, { field: `${field}.${key.slice(0, 100)}` });
    }
    const condition = conditionFromJson(item, { field });
    if (condition.condition === null) throw invalid(`is empty; one of ${names.join(', ')} is needed`, { field });
    return condition;
  });
}

function conditionFromJson(json: ReadonlyMap<string, JsonValue>, place: { readonly record?: number; readonly field?: string }): Condition {
  const given = names.filter((name) => json.get(name) !== undefined && json.get(name) !== null);
  const [name] = given;
  if (name === undefined) return { condition: null };
  const field = place.field === undefined ? name : `${place.field}.${name}`;
  if (given.length > 1) throw invalid(`only one of ${given.join(', ')} can be asked for`, { ...place, field });
  const value = json.get(name);
  if (name === 'ifVersion') {
    if (typeof value !== 'string') throw invalid(`must be a version like "7-1234", not ${kindOf(value)}`, { ...place, field });
    return { condition: { kind: name, value } };
  }
  if (value !== true) throw invalid('must be true; leave it out otherwise', { ...place, field });
  return { condition: name === 'ifAbsent' ? { kind: name, value: Absent.create() } : { kind: name, value: Present.create() } };
}
