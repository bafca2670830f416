import type { Metadata, MetadataValue, RecordView } from './types.ts';

export interface RecordJsonOptions {
  readonly vector: boolean;
  readonly metadata: boolean;
  /** `<log>-<offset>`, written if given. */
  readonly version?: string;
}

/** The text of `{id, version?, vector?, metadata?, timestamp, expiresAt?}`. An instant that a double would round is a string. */
export function recordToJson(view: RecordView, options: RecordJsonOptions): string {
  const parts = [`"id":${JSON.stringify(view.id)}`];
  if (options.version !== undefined) parts.push(`"version":${JSON.stringify(options.version)}`);
  if (options.vector) parts.push(`"vector":${vectorToJson(view)}`);
  if (options.metadata) parts.push(`"metadata":${metadataToJson(view.readMetadata())}`);
  parts.push(`"timestamp":${instantToJson(view.timestamp)}`);
  if (view.expiresAt !== null) parts.push(`"expiresAt":${instantToJson(view.expiresAt)}`);
  return `{${parts.join()}}`;
}

/** Each number with the fewest digits that give the same 32-bit float. */
export function vectorToJson(view: RecordView): string {
  const vector = new Float32Array(view.vectorLength);
  view.copyVector(vector, 0);
  const texts: string[] = [];
  for (const number of vector) texts.push(floatToJson(number));
  return `[${texts.join()}]`;
}

/** Longs with all their digits and no fraction, doubles always with a fraction or an exponent: what is read back has the same type and value. */
export function metadataToJson(metadata: Metadata): string {
  const entries: string[] = [];
  for (const [key, value] of metadata) entries.push(`${JSON.stringify(key)}:${valueToJson(value)}`);
  return `{${entries.join()}}`;
}

export function valueToJson(value: MetadataValue): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'boolean': case 'bigint': return String(value);
    case 'string': return JSON.stringify(value);
    case 'number': return doubleToJson(value);
    default: break;
  }
  if (value instanceof Uint8Array) {
    return `{"$bytes":"${Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')}"}`;
  }
  if (!(value instanceof Map)) return `[${(value as readonly MetadataValue[]).map(valueToJson).join()}]`;
  const map = value as Metadata;
  const json = metadataToJson(map);
  // A map of that one key would be read as bytes.
  return map.size === 1 && (map.has('$bytes') || map.has('$map')) ? `{"$map":${json}}` : json;
}

function instantToJson(instant: bigint): string {
  return Number.isSafeInteger(Number(instant)) ? String(instant) : `"${instant}"`;
}

function doubleToJson(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function floatToJson(value: number): string {
  if (Object.is(value, -0)) return '-0';
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}
