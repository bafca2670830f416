/** Record schemas of releases before and after this one. */
import { schemaText } from '@proximadb/schemas';

export type RecordName = 'VectorRecord' | 'PatchRecord';
export type ReleaseName = keyof typeof releases;

interface Schema {
  readonly fields: readonly { readonly name: string; readonly type: unknown; readonly default?: unknown }[];
}

type Field = Schema['fields'][number];

const source: Field = { name: 'source', type: ['null', 'string'], default: null };
const labels: Field = { name: 'labels', type: { type: 'array', items: 'string' }, default: ['new'] };
const owner: Field = { name: 'owner', type: 'string' };

export const releases = {
  /** Fields more, in the middle and at the end. */
  newer: changed(([id, ...others]) => [...(id === undefined ? [] : [id]), source, ...others, labels]),
  /** Nothing expires yet. */
  older: changed((fields) => fields.filter(({ name }) => name !== 'expires_at')),
  /** A field more that nobody but its release can fill: against the rules. */
  broken: changed((fields) => [...fields, owner]),
} as const satisfies Record<string, Record<RecordName, string>>;

function changed(change: (fields: Schema['fields']) => Schema['fields']): Record<RecordName, string> {
  const of = (name: RecordName): string => {
    const today = JSON.parse(schemaText(name)) as Schema;
    return JSON.stringify({ ...today, fields: change(today.fields) });
  };
  return { VectorRecord: of('VectorRecord'), PatchRecord: of('PatchRecord') };
}
