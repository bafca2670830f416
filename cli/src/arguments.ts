/** Values of options, checked where the command line is read. */
import { InvalidArgumentError } from 'commander';
import { AppError, invalid } from '@proximadb/errors';
import { JsonNumber, parseJson } from '@proximadb/record';
import type { Filter } from '@proximadb/schemas';
import { filterFromJson } from '@proximadb/transport';

export const metrics = ['cosine', 'dot', 'euclidean', 'manhattan'] as const;

/** For `argParser`: a whole number in a range. */
export function whole(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
  };
}

/** For `argParser`: a number. */
export function decimal(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

/** For `argParser`: a number between two others, neither of which is allowed. */
export function between(above: number, below: number): (text: string) => number {
  return (text) => {
    const value = decimal(text);
    if (value > above && value < below) return value;
    throw new InvalidArgumentError(`It must be more than ${above} and less than ${below}.`);
  };
}

/** For `argParser`: `--tag a=b`, any number of times. */
export function tag(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be name=value.');
  return { ...before, [name]: value };
}

/** @throws AppError INVALID_ARGUMENT naming the place in the filter. */
export function filterOf(text: string | undefined): Filter | null {
  return text === undefined ? null : filterFromJson(naming('--filter', () => parseJson(text)), '--filter');
}

/** @throws AppError INVALID_ARGUMENT naming the number that is none. */
export function vectorOf(text: string): Float32Array {
  const json = naming('--vector', () => parseJson(text));
  if (!Array.isArray(json)) throw invalid('must be an array of numbers: [0.1, 0.2]', { field: '--vector' });
  return Float32Array.from(json as readonly unknown[], (item, at) => {
    if (!(item instanceof JsonNumber)) throw invalid('must be a number', { field: `--vector[${at}]` });
    return item.toNumber();
  });
}

function naming<Result>(field: string, parse: () => Result): Result {
  try {
    return parse();
  } catch (thrown) {
    throw thrown instanceof AppError && thrown.code === 'INVALID_ARGUMENT' ? invalid(thrown.message, { field }) : thrown;
  }
}
