import { assert } from '@proximadb/errors';
import { z } from 'zod';

/** One option of a configuration, as file, environment, flags and documentation know it. */
export interface ConfigOption {
  /** Keys from the top of the file down, e.g. `['log', 'bytesMax']`. */
  readonly path: readonly string[];
  /** `log.bytesMax` */
  readonly name: string;
  /** `PROXIMADB_LOG_BYTES_MAX` */
  readonly variable: string;
  /** `log-bytes-max` */
  readonly flag: string;
  readonly type: string;
  /** Unit, bounds or the values to choose from; empty where there are none. */
  readonly limits: string;
  /** As JSON; undefined where it has to be given or may be left out. */
  readonly default: string | undefined;
  readonly required: boolean;
  readonly description: string;
}

export type ConfigSchema = z.ZodObject;

/** What of JSON Schema a configuration uses. */
interface Shape {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Shape[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly default?: unknown;
  readonly description?: string;
  readonly unit?: string;
}

/**
 * All options of a schema, in its order. Nested objects nest in the file, and are joined in variables and flags.
 * @param prefix of the environment's variables.
 */
export function configOptions(schema: ConfigSchema, prefix = 'PROXIMADB_'): readonly ConfigOption[] {
  const options = leaves(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape, [], prefix);
  assert(new Set(options.map((option) => option.variable)).size === options.length, 'two options have one variable');
  return options;
}

function leaves(shape: Shape, path: readonly string[], prefix: string): ConfigOption[] {
  return Object.entries(shape.properties ?? {}).flatMap(([key, child]) => {
    const childPath = [...path, key];
    if (child.properties !== undefined) return leaves(child, childPath, prefix);
    const words = childPath.flatMap(wordsOf);
    return [{
      path: childPath,
      name: childPath.join('.'),
      variable: prefix + words.join('_').toUpperCase(),
      flag: words.join('-'),
      type: typeOf(child),
      limits: limitsOf(child, words),
      default: child.default === undefined ? undefined : JSON.stringify(child.default),
      required: child.default === undefined && (shape.required ?? []).includes(key),
      description: child.description ?? '',
    }];
  });
}

function wordsOf(key: string): string[] {
  return key.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase().split(' ');
}

function typeOf(shape: Shape): string {
  if (shape.anyOf !== undefined) return shape.anyOf.map(typeOf).join(' or ');
  if (typeof shape.type === 'string') return shape.type;
  return shape.type?.join(' or ') ?? 'any';
}

const units: Readonly<Record<string, string>> = { ms: 'ms', seconds: 's', micros: 'µs', bytes: 'bytes', port: 'TCP port' };

function limitsOf(shape: Shape, words: readonly string[]): string {
  const unit = shape.unit ?? words.map((word) => units[word]).findLast((known) => known !== undefined);
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength } = shape;
  // Bounds of the safe integers say nothing.
  const upper = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const lower = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  return [
    unit,
    shape.enum?.map((value) => String(value)).join(', '),
    lower === undefined ? undefined : upper === undefined ? `≥ ${lower}` : `${lower} to ${upper}`,
    lower === undefined && upper !== undefined ? `≤ ${upper}` : undefined,
    exclusiveMinimum === undefined ? undefined : `> ${exclusiveMinimum}`,
    exclusiveMaximum === undefined ? undefined : `< ${exclusiveMaximum}`,
    minLength === undefined && maxLength === undefined ? undefined : `${minLength ?? 0} to ${maxLength ?? 'any number of'} characters`,
    shape.pattern,
  ].filter((part) => part !== undefined).join('; ');
}

/** The table of all options, in Markdown. */
export function describeConfig(schema: ConfigSchema, prefix?: string): string {
  const rows = configOptions(schema, prefix).map((option) => [
    `\`${option.name}\``, `\`${option.variable}\``, `\`--${option.flag}\``, option.type, option.limits,
    option.default === undefined ? (option.required ? 'required' : '') : `\`${option.default}\``, option.description,
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const head = ['Name', 'Variable', 'Flag', 'Type', 'Unit, limits', 'Default', 'What it does'];
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
