/**
 * The one text a schema is registered under: self-contained, no white space, full names, keys in a fixed order, only what decides how
 * bytes are read. Avro's Parsing Canonical Form drops defaults, too; a reader of a later release needs them, so they stay.
 */
import { createHash } from 'node:crypto';
import { primitiveNames, type Model, type Raw } from './model.ts';

export function canonicalText(model: Model, fullName: string): string {
  return JSON.stringify(canonical(model, fullName, '', new Set()));
}

export function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function canonical(model: Model, schema: Raw, namespace: string, declared: Set<string>): unknown {
  if (typeof schema === 'string') {
    if (primitiveNames.includes(schema)) return schema;
    const fullName = schema.includes('.') ? schema : `${namespace}.${schema}`;
    if (declared.has(fullName)) return fullName;
    const found = model.raw.get(fullName);
    if (found === undefined) throw new Error(`no type is called ${fullName}`);
    return declaration(model, found.schema, found.namespace, fullName, declared);
  }
  if (isList(schema)) return schema.map((branch) => canonical(model, branch, namespace, declared));
  const type = schema['type'] as Raw;
  if (type === 'array') return { type, items: canonical(model, schema['items'] as Raw, namespace, declared) };
  if (type === 'map') return { type, values: canonical(model, schema['values'] as Raw, namespace, declared) };
  if (type === 'record' || type === 'enum') {
    const inner = (schema['namespace'] as string | undefined) ?? namespace;
    return declaration(model, schema, inner, `${inner}.${schema['name'] as string}`, declared);
  }
  const plain = canonical(model, type, namespace, declared);
  return schema['logicalType'] === undefined ? plain : { type: plain, logicalType: schema['logicalType'] };
}

function declaration(model: Model, schema: Readonly<Record<string, unknown>>, namespace: string, fullName: string, declared: Set<string>): unknown {
  declared.add(fullName);
  if (schema['type'] === 'enum') return { type: 'enum', name: fullName, symbols: schema['symbols'], default: schema['default'] };
  const fields = (schema['fields'] as readonly Readonly<Record<string, unknown>>[]).map((field) => ({
    name: field['name'],
    type: canonical(model, field['type'] as Raw, namespace, declared),
    ...('default' in field ? { default: field['default'] } : {}),
  }));
  return { type: 'record', name: fullName, fields };
}

function isList(schema: Raw): schema is readonly Raw[] {
  return Array.isArray(schema);
}
