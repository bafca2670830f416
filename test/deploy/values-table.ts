/** The table of values in the chart's README: made of values.yaml and its comments. `node test/deploy/values-table.ts` writes it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chartFolder } from './chart.ts';

const marks = ['<!-- values -->', '<!-- end of values -->'] as const;

interface Level { readonly indent: number; readonly key: string }

/** Rows of what a comment stands above, or what has a value: `path`, default, comment. */
export function valuesTable(text: string): string {
  const rows: string[] = [];
  /** By path: what the gateway's values are, those of the others are, too. */
  const comments = new Map<string, string>();
  let levels: Level[] = [];
  let comment: string[] = [];
  for (const line of text.split('\n')) {
    const [, note] = /^ *# ?(.*)$/.exec(line) ?? [];
    if (note !== undefined) {
      comment.push(note);
      continue;
    }
    const [, indent = '', key = '', value = ''] = /^( *)([A-Za-z]+):(?: (.*))?$/.exec(line) ?? [];
    // What stands apart from the first key is about the file.
    if (key === '') {
      comment = [];
      continue;
    }
    levels = [...levels.filter((level) => level.indent < indent.length), { indent: indent.length, key }];
    if (value !== '' || comment.length > 0) {
      const path = levels.map((level) => level.key).join('.');
      const said = comment.join(' ') || (comments.get(path.replace(/^(query|indexer)\./, 'gateway.')) ?? '');
      comments.set(path, said);
      rows.push(`| \`${path}\` | ${value === '' ? '' : `\`${plain(value)}\``} | ${plain(said).replaceAll('<', '&lt;')} |`);
    }
    comment = [];
  }
  return ['| Value | Default | What it is |', '|---|---|---|', ...rows].join('\n');
}

const plain = (cell: string): string => cell.replaceAll('|', '\\|');

/** The README with the table as it should be. */
export async function readmeWithTable(): Promise<string> {
  const readme = await readFile(join(chartFolder, 'README.md'), 'utf8');
  const [begin, end] = marks;
  const table = valuesTable(await readFile(join(chartFolder, 'values.yaml'), 'utf8'));
  return readme.slice(0, readme.indexOf(begin) + begin.length) + `\n${table}\n` + readme.slice(readme.indexOf(end));
}

if (import.meta.main) await writeFile(join(chartFolder, 'README.md'), await readmeWithTable());
