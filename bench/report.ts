/** What a scenario hands back, and how it is shown: tables in Markdown, so that docs/performance can take them as they are. */

/** A cell: a figure that was rounded for reading, or a word. */
export type Cell = string | number;

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** What a reader has to know to read the figures rightly. */
  readonly notes: readonly string[];
}

/** An aim and whether this run met it. Nothing fails on one: the machine decides, and it may be busy. */
export interface Aim {
  readonly what: string;
  readonly aimed: string;
  readonly measured: string;
  readonly met: boolean;
}

/** A picture, written as `name.svg` beside the JSON. */
export interface Plot {
  readonly name: string;
  readonly svg: string;
}

export interface Report {
  readonly tables: readonly Table[];
  readonly aims: readonly Aim[];
  /** All that was measured, where the tables leave some of it out: for the JSON only. */
  readonly figures?: unknown;
  readonly plots?: readonly Plot[];
  /** What this run was there to find; with one, the bench ends with exit code 1. */
  readonly failures?: readonly string[];
}

/** Every point of peers' curves: pages have the plots in their place, and the JSON. */
export function isCurve({ title }: Pick<Table, 'title'>): boolean {
  return /: k = \d+ of [\d,]+ rows, .*, no filter$/.test(title);
}

export function showReport({ tables, aims }: Pick<Report, 'tables' | 'aims'>): string {
  const parts = tables.map(showTable);
  if (aims.length > 0) {
    parts.push(showTable({
      title: 'Aims', columns: ['aim', 'aimed', 'measured', ''], notes: [],
      rows: aims.map(({ what, aimed, measured, met }) => [what, aimed, measured, met ? 'met' : 'MISSED']),
    }));
  }
  return parts.join('\n');
}

function showTable({ title, columns, rows, notes }: Table): string {
  const cells = [columns, ...rows.map((row) => row.map(showCell))];
  const widths = columns.map((_, at) => Math.max(3, ...cells.map((row) => row[at]?.length ?? 0)));
  const pad = (text: string, at: number, width: number): string => (at === 0 ? text.padEnd(width) : text.padStart(width));
  const line = (row: readonly string[]): string => `| ${widths.map((width, at) => pad(row[at] ?? '', at, width)).join(' | ')} |`;
  const rule = `|${widths.map((width, at) => (at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const [head = [], ...body] = cells;
  return [`### ${title}`, '', line(head), rule, ...body.map(line), '', ...notes.map((note) => `- ${note}`), ''].join('\n');
}

export function showCell(cell: Cell): string {
  if (typeof cell === 'string') return cell;
  const digits = Math.abs(cell) >= 100 || Number.isInteger(cell) ? 0 : Math.abs(cell) >= 10 ? 1 : Math.abs(cell) >= 1 ? 2 : 3;
  return cell.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits });
}
