import { z } from 'zod';

/** Limits as data, so that a composition can check them, document them, and read them from anywhere. Units stand last in the names. */
export interface Limit {
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly description: string;
}

export const mebibyte = 1024 * 1024;

export function limit(fallback: number, minimum: number, maximum: number, description: string): Limit {
  return { default: fallback, minimum, maximum, description };
}

export type Limits = Readonly<Record<string, Limit>>;

/** A whole number for each limit. */
export type LimitValues<Declared extends Limits> = { readonly [Name in keyof Declared]: number };

export function limitDefaults<Declared extends Limits>(declared: Declared): LimitValues<Declared> {
  return Object.freeze(Object.fromEntries(Object.entries(declared).map(([name, { default: value }]) => [name, value]))) as LimitValues<Declared>;
}

/** Limits that are declared as data, as a part of a configuration. */
export function limitsConfig<Name extends string>(
  declared: Readonly<Record<Name, Limit>>,
): z.ZodPrefault<z.ZodObject<Record<Name, z.ZodDefault<z.ZodNumber>>>> {
  const shape = Object.fromEntries(Object.entries<Limit>(declared).map(([name, { default: fallback, minimum, maximum, description }]) =>
    [name, z.number().int().min(minimum).max(maximum).default(fallback).describe(description)])) as Record<Name, z.ZodDefault<z.ZodNumber>>;
  return z.strictObject(shape).prefault({} as never);
}
