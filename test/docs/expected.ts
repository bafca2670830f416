/**
 * What a block prints beside what its page shows. `…` stands for what varies: in a line of text for any characters, alone on a line for any
 * number of lines; in JSON `"…"` for any value, as the last of a list for any further values, and as a key for any further fields.
 */
import type { Output } from './page.ts';

const any = '…';

/** null: it is as expected; else what is not, in words. */
export function mismatch(expected: Output, printed: string): string | null {
  return expected.language === 'text' ? textMismatch(expected.text, printed) : jsonMismatch(expected.text, printed);
}

const tidy = (text: string): string => text.split('\n').map((line) => line.trimEnd()).join('\n').replace(/^\n+|\n+$/g, '');

function textMismatch(expected: string, printed: string): string | null {
  const pattern = tidy(expected).split('\n').map((line) => (line === any
    ? '(?:.*\\n)*'
    : `${line.split(any).map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('.*')}\\n`)).join('');
  return new RegExp(`^${pattern}$`).test(`${tidy(printed)}\n`) ? null : `the page shows\n${tidy(expected)}\nbut printed was\n${tidy(printed)}`;
}

function jsonMismatch(expected: string, printed: string): string | null {
  const shown = valuesOf(expected);
  let values: unknown[];
  try {
    values = valuesOf(printed);
  } catch (error) {
    return `${(error as Error).message}; printed was\n${printed}`;
  }
  if (shown.length !== values.length) return `the page shows ${shown.length} JSON values, printed were ${values.length}:\n${printed}`;
  for (const [i, value] of values.entries()) {
    const place = difference(shown[i], value, shown.length === 1 ? '' : `value ${i + 1}`);
    if (place !== null) return `${place}; printed was\n${printed}`;
  }
  return null;
}

/** Of a text with one JSON value after the other. @throws Error if it is none */
function valuesOf(text: string): unknown[] {
  const values: unknown[] = [];
  for (let rest = text.trim(); rest !== '';) {
    const length = lengthOfFirst(rest);
    values.push(JSON.parse(rest.slice(0, length)));
    rest = rest.slice(length).trim();
  }
  return values;
}

function lengthOfFirst(text: string): number {
  let depth = 0;
  for (const token of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{]|[\]}]|[^\s"[\]{},:]+/g)) {
    if (token[0] === '[' || token[0] === '{') depth += 1;
    else if (token[0] === ']' || token[0] === '}') depth -= 1;
    if (depth === 0) return token.index + token[0].length;
  }
  return text.length;
}

/** Where they differ, and how; null: nowhere. */
function difference(shown: unknown, value: unknown, place: string): string | null {
  const at = place === '' ? 'the value' : place;
  if (shown === any) return null;
  if (Array.isArray(shown)) {
    if (!Array.isArray(value)) return `${at} is no list`;
    const open = shown.at(-1) === any;
    const items: unknown[] = open ? shown.slice(0, -1) : shown;
    if (open ? value.length < items.length : value.length !== items.length) return `${at} has ${value.length} items, not ${items.length}`;
    return first(items.map((item, i) => difference(item, value[i], `${place}[${i}]`)));
  }
  if (typeof shown === 'object' && shown !== null) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${at} is no object`;
    const fields = Object.entries(shown).filter(([key]) => key !== any);
    const given = value as Readonly<Record<string, unknown>>;
    const more = any in shown ? undefined : Object.keys(given).find((key) => !(key in shown));
    if (more !== undefined) return `${at} has the field ${more}, which the page does not show`;
    return first(fields.map(([key, item]) => (key in given ? difference(item, given[key], `${place}.${key}`) : `${at} has no field ${key}`)));
  }
  return Object.is(shown, value) ? null : `${at} is ${JSON.stringify(value)}, not ${JSON.stringify(shown)}`;
}

const first = (found: readonly (string | null)[]): string | null => found.find((one) => one !== null) ?? null;
