/** The fenced blocks of a Markdown page, and what the page's source says about running them. */

/**
 * What a comment before a block says of it: `<!-- test: not run: it takes hours -->`.
 *
 * - `not run: REASON`: the block cannot run here.
 * - `fails`: its last command has to fail.
 * - `file NAME`: the reader saves it under this name; later blocks use it.
 * - `schema NAME`: JSON that is a message of the API, by its name in schemas/gen/json-schema or of OpenAPI.
 * - `values NAME`: YAML that is values of the Helm chart, saved under this name.
 * - `adapter rules SERIES`: YAML that is rules of prometheus-adapter for this series.
 */
export type Mark =
  | { readonly kind: 'not run'; readonly reason: string }
  | { readonly kind: 'fails' }
  | { readonly kind: 'file'; readonly name: string }
  | { readonly kind: 'schema'; readonly name: string }
  | { readonly kind: 'values'; readonly name: string }
  | { readonly kind: 'adapter rules'; readonly series: string };

export interface Block {
  /** The first word behind the fence. */
  readonly language: string;
  readonly text: string;
  /** Of the fence, from 1 on. */
  readonly line: number;
  readonly mark: Mark | null;
  /** What the block has to print: the `text` or `json` that follows it with nothing between. */
  readonly output: Output | null;
}

export interface Output {
  readonly language: 'text' | 'json';
  readonly text: string;
}

/** A block, or the place where the reader is told to press Ctrl-C: `<!-- test: stop -->`. */
export type Step = { readonly kind: 'block'; readonly block: Block } | { readonly kind: 'stop'; readonly line: number };

/** @throws Error that names the line, for what could be taken for a block or a mark and is none. */
export function stepsOf(markdown: string): Step[] {
  const lines = markdown.split('\n');
  const steps: Step[] = [];
  let pending: { readonly mark: Mark; readonly line: number } | null = null;
  /** Whether only blank lines are between the last block and here. */
  let adjacent = false;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const number = at + 1;
    const said = /^<!-- test: (.+) -->$/.exec(line)?.[1];
    if (said === undefined && /<!--\s*test\b/.test(line)) throw new Error(`line ${number}: a mark stands alone on its line: <!-- test: … -->`);
    if (said !== undefined) {
      if (pending !== null) throw new Error(`line ${number}: one mark a block`);
      if (said === 'stop') steps.push({ kind: 'stop', line: number });
      else pending = { mark: markOf(said, number), line: number };
      adjacent = false;
      continue;
    }
    if (/^\s+(```|~~~)|^~~~/.test(line)) throw new Error(`line ${number}: fences are \`\`\`, at the beginning of a line`);
    if (!line.startsWith('```')) {
      if (line.trim() === '') continue;
      if (pending !== null) throw new Error(`line ${pending.line}: a block has to follow a mark`);
      adjacent = false;
      continue;
    }
    const end = lines.indexOf('```', at + 1);
    if (end < 0) throw new Error(`line ${number}: the block does not end`);
    const language = line.slice(3).trim().split(/\s/)[0] ?? '';
    const text = lines.slice(at + 1, end).join('\n');
    const last = steps.at(-1);
    if (adjacent && pending === null && isOutput(language) && last?.kind === 'block' && last.block.output === null && prints(last.block)) {
      steps[steps.length - 1] = { kind: 'block', block: { ...last.block, output: { language, text } } };
      adjacent = false;
    } else {
      steps.push({ kind: 'block', block: { language, text, line: number, mark: pending?.mark ?? null, output: null } });
      adjacent = true;
    }
    pending = null;
    at = end;
  }
  if (pending !== null) throw new Error(`line ${pending.line}: a block has to follow a mark`);
  return steps;
}

function markOf(said: string, line: number): Mark {
  const [, reason] = /^not run: (.{10,})$/.exec(said) ?? [];
  if (reason !== undefined) return { kind: 'not run', reason };
  const [, kind, name] = /^(file|schema|values) ((?:\w[\w.-]*\/)*\w[\w.-]*)$/.exec(said) ?? [];
  if ((kind === 'file' || kind === 'schema' || kind === 'values') && name !== undefined) return { kind, name };
  const [, series] = /^adapter rules (\w+)$/.exec(said) ?? [];
  if (series !== undefined) return { kind: 'adapter rules', series };
  if (said === 'fails') return { kind: said };
  throw new Error(`line ${line}: no such mark: ${said}`);
}

const isOutput = (language: string): language is Output['language'] => language === 'text' || language === 'json';

/** What is run, or would be. */
const prints = ({ language, mark }: Block): boolean => ['sh', 'ts', 'python'].includes(language) && mark?.kind !== 'file';
