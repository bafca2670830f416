/** Requests to JSON, by the descriptors of their messages: what the server reads by the same table. */
import { assert } from '@proximadb/errors';
import type { Condition, FieldDescriptor, MessageDescriptor } from '@proximadb/schemas';
import { descriptors } from '@proximadb/schemas/descriptors';
import { jsonText } from '../core/json.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** @param timeoutMs told to the server, wherever a request has a place for it. */
export function bodyOf(name: keyof typeof descriptors, fields: Fields, timeoutMs: number): string {
  return `{${entriesOf(descriptors[name], fields, timeoutMs).join()}}`;
}

/** @param timeoutMs null: of a part of a request. */
function entriesOf(descriptor: MessageDescriptor, fields: Fields, timeoutMs: number | null): string[] {
  return descriptor.fields.flatMap((field) => {
    const value = field.key === 'timeoutMs' && timeoutMs !== null ? Math.min(fields[field.key] as number | null ?? Infinity, timeoutMs) : fields[field.key];
    const message = field.type.kind === 'message' ? descriptors[field.type.name] : null;
    if (message?.json === 'flatten') return entriesOf(message, value as Fields | null ?? {}, timeoutMs);
    if (value == null || field.json === 'path' || field.json === 'none') return [];
    return [`${JSON.stringify(field.jsonName)}:${textOf(field, value)}`];
  });
}

function textOf(field: FieldDescriptor, value: unknown): string {
  const { type, json } = field;
  if (json === 'VectorRecord' || json === 'PatchRecord') return `[${(value as readonly string[]).join()}]`;
  if (json === 'Conditions') return `[${(value as readonly Condition[]).map(conditionText).join()}]`;
  const message = type.kind === 'message' ? descriptors[type.name] : null;
  if (message?.json === 'inline') return textOf(onlyField(message), (value as Fields)[onlyField(message).key]);
  if (message !== null && message.json === null) return `{${entriesOf(message, value as Fields, null).join()}}`;
  if (type.kind === 'array' && type.items.kind === 'message') {
    const { items: { name } } = type;
    return `[${(value as readonly Fields[]).map((item) => `{${entriesOf(descriptors[name], item, null).join()}}`).join()}]`;
  }
  return jsonText(value, field.jsonName);
}

function onlyField({ name, fields: [only] }: MessageDescriptor): FieldDescriptor {
  assert(only !== undefined, `${name} has a field`);
  return only;
}

function conditionText({ condition }: Condition): string {
  if (condition === null) return '{}';
  return JSON.stringify({ [condition.kind]: condition.kind === 'ifVersion' ? condition.value : true });
}
