/** Writer schemas of yesterday and tomorrow: today's with other fields. */
import { schemaText } from '@proximadb/schemas';

export interface Schema {
  type: 'record';
  name: string;
  fields: { name: string; type: unknown; default?: unknown }[];
}

export function todays(name: 'VectorRecord' | 'PatchRecord'): Schema {
  return JSON.parse(schemaText(name)) as Schema;
}

/** A `Value` whose union has these branches. */
export function valueOf(branches: readonly unknown[], ...more: Schema['fields']): Schema {
  return { type: 'record', name: 'proximadb.v1.Value', fields: [{ name: 'value', type: branches }, ...more] };
}

export const valueArray = { type: 'array', items: 'proximadb.v1.Value' };
export const valueMap = { type: 'map', values: 'proximadb.v1.Value' };

/** Today's VectorRecord with its fields changed. */
export function vectorRecord(change: (fields: Schema['fields']) => Schema['fields']): Schema {
  const schema = todays('VectorRecord');
  return { ...schema, fields: change(schema.fields) };
}

/** One field of every Avro type, among them a list that contains itself and items without bytes. */
export const unknownFields: Schema['fields'] = [
  { name: 'n', type: 'null' }, { name: 'b', type: 'boolean' }, { name: 'i', type: 'int' }, { name: 'f', type: 'float' }, { name: 'd', type: 'double' },
  { name: 's', type: 'string' }, { name: 'by', type: 'bytes' },
  { name: 'fixed', type: { type: 'fixed', name: 'x.Hash', size: 5 } },
  { name: 'enum', type: { type: 'enum', name: 'x.Color', symbols: ['RED', 'GREEN'] } },
  { name: 'map', type: { type: 'map', values: { type: 'array', items: 'x.Color' } } },
  { name: 'union', type: ['null', 'int', { type: 'map', values: 'string' }, 'x.Hash'] },
  { name: 'list', type: ['null', { type: 'record', name: 'x.List', fields: [
    { name: 'head', type: 'string' }, { name: 'none', type: 'null' }, { name: 'tail', type: ['null', 'x.List'] } ] }] },
  { name: 'nulls', type: { type: 'array', items: { type: 'record', name: 'x.Empty', fields: [{ name: 'n', type: 'null' }] } } },
];
