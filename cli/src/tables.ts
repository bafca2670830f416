/** Tables and JSON for answers. */
import Table from 'cli-table3';
import type { Colors } from './terminal.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

const plain = {
  top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
  left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ',
};

/** Columns without lines, their titles dimmed; no line has spaces at its end. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], colors: Colors): string {
  const made = new Table({
    head: columns.map(({ title }) => (title === '' ? '' : colors.dim(title))),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    chars: plain, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  made.push(...rows.map((row) => row.map(oneLine)));
  return made.toString().split('\n').map((line) => line.trimEnd()).join('\n');
}

/** Names and values below each other. */
export function facts(entries: readonly (readonly [name: string, value: string])[], colors: Colors): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${colors.dim(name.padEnd(width))}  ${oneLine(value)}`).join('\n');
}

/** What a stranger wrote must not move the cursor. */
export function oneLine(text: string): string {
  const visible = (character: string): string => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  // Colours, which are ours, may stay.
  return text.replace(/\p{Cc}/gu, (character, at: number) => (/^\u001b\[[0-9;]*m/.test(text.slice(at, at + 12)) ? character : visible(character)));
}

/** At most `length` characters, with an ellipsis where some were left out. */
export function clipped(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(length - 1, 0)).toWellFormed()}…`;
}

/** JSON with longs as numbers where a double holds them, else as strings. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === 'bigint') return Number.isSafeInteger(Number(item)) ? Number(item) : String(item);
    return item;
  });
}

/** A JSON text as a value that {@link toJson} writes with the very same numbers: no i64 is rounded, no 1.0 becomes 1. */
export function exactJson(text: string): unknown {
  const { rawJSON } = JSON as unknown as { readonly rawJSON: (source: string) => unknown };
  const parse = JSON.parse as (source: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown) => unknown;
  return parse(text, (_key, value, { source }) => (typeof value === 'number' && source !== undefined ? rawJSON(source) : value));
}
