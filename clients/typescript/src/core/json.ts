/** Values as JSON text, as the API reads it: longs with all their digits and no fraction, doubles always with one. */
import { invalid } from '@proximadb/errors';
import { finite, isLong, isPlain, kindOf } from './metadata.ts';

/** @param field how errors call the value; empty: its entries are named by their keys. @throws ProximaError INVALID_ARGUMENT for what JSON has no form for. */
export function jsonText(value: unknown, field: string): string {
  switch (typeof value) {
    case 'string': case 'boolean': return JSON.stringify(value);
    case 'bigint': return String(value);
    case 'number': return numberText(finite(value, field));
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return `[${value.map((item: unknown, index) => jsonText(item, `${field}[${index}]`)).join()}]`;
      if (value instanceof Float32Array) return floatsText(value, field);
      if (value instanceof Uint8Array) return `{"$bytes":"${base64(value)}"}`;
      if (isPlain(value)) return objectText(value, field);
      break;
    default: break;
  }
  throw invalid(`is a ${kindOf(value)}, which no request has`, { field });
}

function objectText(value: object, field: string): string {
  const entries = Object.entries(value).filter(([, item]) => item !== undefined) as [string, unknown][];
  const text = `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${jsonText(item, field === '' ? key : `${field}.${key}`)}`).join()}}`;
  // A map of that one key would be read as bytes.
  return entries.length === 1 && (entries[0]?.[0] === '$bytes' || entries[0]?.[0] === '$map') ? `{"$map":${text}}` : text;
}

function numberText(value: number): string {
  if (isLong(value)) return String(value);
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Doubles are exact for numbers of 32 bits. */
function floatsText(floats: Float32Array, field: string): string {
  const signed = floats.some((number) => Object.is(number, -0));
  const text = signed ? Array.from(floats, (number) => (Object.is(number, -0) ? '-0' : String(number))).join() : floats.join();
  // NaN, Infinity: rare enough to be looked for afterwards.
  if (/[NI]/.test(text)) throw invalid('must be a finite number', { field: `${field}[${floats.findIndex((number) => !Number.isFinite(number))}]` });
  return `[${text}]`;
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
