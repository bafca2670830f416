/** What `inspect` found, as tables or as JSON. */
import { facts, table, toJson, type Column } from '../tables.ts';
import { colorsOf, say, type Streams } from '../terminal.ts';

export interface Section {
  /** Key in JSON, title above the table. */
  readonly name: string;
  readonly columns: readonly Column[];
  /** As people read them. */
  readonly rows: readonly (readonly string[])[];
  /** As programs do. */
  readonly json: unknown;
  /** Below the table: what was left out. */
  readonly remark?: string;
}

export interface View {
  /** segment, manifest, avro, data folder, log. */
  readonly kind: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly json: Readonly<Record<string, unknown>>;
  readonly sections: readonly Section[];
  /** What does not hold; with any, the exit code is 1. */
  readonly problems: readonly string[];
}

export function showView(view: View, inJson: boolean, streams: Streams): void {
  if (inJson) {
    const sections = Object.fromEntries(view.sections.map(({ name, json }) => [name, json]));
    say(streams.out, toJson({ kind: view.kind, ...view.json, ...sections, problems: view.problems }));
    return;
  }
  const colors = colorsOf(streams.out, streams.environment);
  say(streams.out, `${colors.bold(view.kind)}\n${facts(view.facts, colors)}`);
  for (const { name, columns, rows, remark } of view.sections) {
    if (rows.length === 0) continue;
    say(streams.out, `\n${colors.bold(name)}\n${table(columns, rows, colors)}`);
    if (remark !== undefined) say(streams.out, colors.dim(remark));
  }
  for (const problem of view.problems) say(streams.out, `${colors.red('✗')} ${problem}`);
}

/** `12 of 341 rows; --limit shows more`, where some were left out. */
export function leftOut(shown: number, total: number, unit: string): { remark?: string } {
  return shown >= total ? {} : { remark: `the first ${shown} of ${total} ${unit}; --limit N shows more` };
}
