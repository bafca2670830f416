import { AppError, type ErrorDetail } from '@proximadb/errors';
import type { z } from 'zod';
import { configOptions, type ConfigOption, type ConfigSchema } from './options.ts';

/** Values by flag name without dashes before it (`rest-port`). A flag without a value is true. */
export type Flags = Readonly<Record<string, string | boolean | number>>;

export interface ConfigSources {
  /** Text of a JSON file: an object that nests as the schema does. */
  readonly file?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default: `PROXIMADB_`. Every variable with it has to be an option's. */
  readonly prefix?: string;
  readonly flags: Flags;
  /** Variables with the prefix that somebody else reads, e.g. `PROXIMADB_CONFIG`. */
  readonly otherVariables?: readonly string[];
}

interface Given {
  readonly value: unknown;
  /** For errors: where the value comes from. */
  readonly source: string;
}

interface Tree { [key: string]: unknown }

/**
 * One configuration from its sources; a later one wins: the schema's defaults, the file, the environment, the flags.
 * In variables and flags numbers and booleans are written as in JSON, lists with commas, and what is neither as JSON.
 * @returns the schema's output, frozen.
 * @throws AppError INVALID_ARGUMENT with one detail a mistake: unknown names (in any source), wrong types, values out of bounds.
 */
export function loadConfig<S extends ConfigSchema>(schema: S, sources: ConfigSources): z.output<S> {
  const prefix = sources.prefix ?? 'PROXIMADB_';
  const options = configOptions(schema, prefix);
  const mistakes: ErrorDetail[] = [];
  const given = new Map<string, Given>([
    ...fromFile(options, sources.file, mistakes),
    ...fromEnvironment(options, sources, prefix, mistakes),
    ...fromFlags(options, sources.flags, mistakes),
  ]);
  const parsed = schema.safeParse(treeOf(options, given));
  for (const issue of parsed.error?.issues ?? []) mistakes.push(mistakeOf(issue, options, given));
  if (mistakes.length > 0 || !parsed.success) {
    const message = mistakes.map((mistake) => `${mistake.field ?? ''}: ${mistake.reason}`).join('; ');
    throw new AppError('INVALID_ARGUMENT', `the configuration is not valid: ${message}`, { details: mistakes });
  }
  return freeze(parsed.data) as z.output<S>;
}

/**
 * Command line arguments as flags: `--name value`, `--name=value`, and `--name` alone for booleans.
 * @throws AppError INVALID_ARGUMENT for a value that is missing or belongs to nothing. Unknown names are left to {@link loadConfig}.
 */
export function parseFlags(schema: ConfigSchema, args: readonly string[]): Flags {
  const booleans = new Set(configOptions(schema).filter((option) => option.type === 'boolean').map((option) => option.flag));
  const flags = new Map<string, string | boolean>();
  for (let at = 0; at < args.length; at++) {
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/s.exec(args[at] ?? '') ?? [];
    if (name === undefined) throw mistake(args[at] ?? '', 'is not a flag: flags begin with --');
    const following = args[at + 1];
    if (value !== undefined) flags.set(name, value);
    else if (booleans.has(name)) flags.set(name, true);
    else if (following === undefined || following.startsWith('--')) throw mistake(`--${name}`, 'needs a value');
    else {
      flags.set(name, following);
      at++;
    }
  }
  return Object.fromEntries(flags);
}

function mistake(field: string, reason: string): AppError {
  return new AppError('INVALID_ARGUMENT', `${field} ${reason}`, { details: [{ field, reason }] });
}

function* fromFile(options: readonly ConfigOption[], text: string | undefined, mistakes: ErrorDetail[]): Generator<[string, Given]> {
  if (text === undefined) return;
  let tree: unknown;
  try {
    tree = JSON.parse(text);
  } catch (error) {
    mistakes.push({ field: 'file', reason: `is not JSON: ${error instanceof Error ? error.message : String(error)}` });
    return;
  }
  if (!isTree(tree)) mistakes.push({ field: 'file', reason: 'must be a JSON object' });
  else yield* fromTree(options, tree, [], mistakes);
}

function* fromTree(options: readonly ConfigOption[], tree: Tree, path: readonly string[], mistakes: ErrorDetail[]): Generator<[string, Given]> {
  for (const [key, value] of Object.entries(tree)) {
    const name = [...path, key].join('.');
    if (options.some((option) => option.name === name)) yield [name, { value, source: 'file' }];
    else if (!options.some((option) => option.name.startsWith(`${name}.`))) mistakes.push(unknown(name, 'the file', options.map((option) => option.name)));
    else if (isTree(value)) yield* fromTree(options, value, [...path, key], mistakes);
    else mistakes.push({ field: name, reason: 'must be an object (from file)' });
  }
}

function* fromEnvironment(options: readonly ConfigOption[], sources: ConfigSources, prefix: string, mistakes: ErrorDetail[]): Generator<[string, Given]> {
  for (const [variable, text] of Object.entries(sources.environment)) {
    if (text === undefined || !variable.startsWith(prefix) || (sources.otherVariables ?? []).includes(variable)) continue;
    const option = options.find((candidate) => candidate.variable === variable);
    if (option === undefined) mistakes.push(unknown(variable, 'the environment', options.map((candidate) => candidate.variable)));
    else yield [option.name, { value: valueOf(option, text), source: variable }];
  }
}

function* fromFlags(options: readonly ConfigOption[], flags: Flags, mistakes: ErrorDetail[]): Generator<[string, Given]> {
  for (const [flag, value] of Object.entries(flags)) {
    const option = options.find((candidate) => candidate.flag === flag);
    if (option === undefined) mistakes.push(unknown(`--${flag}`, 'the flags', options.map((candidate) => `--${candidate.flag}`)));
    else yield [option.name, { value: typeof value === 'string' ? valueOf(option, value) : value, source: `--${flag}` }];
  }
}

/** A text as the type of its option; what does not fit stays a text, which the schema then refuses. */
function valueOf(option: ConfigOption, text: string): unknown {
  if (option.type.split(' or ').includes('string')) return text;
  if (option.type === 'array' && !text.trimStart().startsWith('[')) return text === '' ? [] : text.split(',').map((item) => item.trim());
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function treeOf(options: readonly ConfigOption[], given: ReadonlyMap<string, Given>): Tree {
  const root: Tree = {};
  for (const { path, name } of options) {
    let tree = root;
    for (const key of path.slice(0, -1)) {
      const child = tree[key] ??= {};
      if (isTree(child)) tree = child;
    }
    const value = given.get(name);
    const last = path.at(-1);
    if (value !== undefined && last !== undefined) tree[last] = value.value;
  }
  return root;
}

function mistakeOf(issue: z.core.$ZodIssue, options: readonly ConfigOption[], given: ReadonlyMap<string, Given>): ErrorDetail {
  const place = issue.path.map(String);
  const option = options.find(({ path }) => path.every((key, index) => place[index] === key));
  const value = option && given.get(option.name);
  if (option !== undefined && value === undefined) return { field: option.name, reason: `has to be given (${option.variable} or --${option.flag})` };
  const limits = option === undefined || option.limits === '' ? '' : `; allowed: ${option.type}, ${option.limits}`;
  return { field: place.join('.'), reason: `${issue.message} (from ${value?.source ?? 'the schema'}${limits})` };
}

function unknown(name: string, source: string, known: readonly string[]): ErrorDetail {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const near = known.find((candidate) => plain(candidate) === plain(name)) ?? known.find((candidate) => plain(candidate).includes(plain(name)));
  return { field: name, reason: `is unknown (in ${source})${near === undefined ? '' : `; did you mean ${near}?`}` };
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function freeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const child of Object.values(value)) freeze(child);
  return Object.freeze(value);
}
