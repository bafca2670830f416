/** The golden files: what each release wrote, for later ones to read. One folder a release, `golden/<release>/`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { avroType } from '../avro.ts';
import { schemaFingerprint, schemaNames, schemaText, type SchemaName } from '../texts.ts';
import type { ApiSurface } from '../compatibility.ts';
import { apiSurface } from '../generator/surface.ts';
import type { Model } from '../generator/model.ts';
import { samples } from './samples.ts';

export const goldenDirectory = join(import.meta.dirname, '..', '..', 'golden');

export interface GoldenSchema {
  readonly name: SchemaName;
  /** The text that it was registered under. */
  readonly schema: string;
  readonly fingerprint: string;
  readonly samples: readonly { readonly name: string; /** Bytes. */ readonly hex: string; /** In Avro's JSON encoding. */ readonly value: unknown }[];
}

export interface Release {
  readonly name: string;
  readonly schemas: readonly GoldenSchema[];
  readonly api: ApiSurface;
}

/** Oldest first. */
export function readReleases(): Release[] {
  return readdirSync(goldenDirectory).sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))).map((release) => {
    const read = (file: string): unknown => JSON.parse(readFileSync(join(goldenDirectory, release, file), 'utf8'));
    const files = readdirSync(join(goldenDirectory, release)).filter((file) => file !== 'api.json');
    return { name: release, schemas: files.map((file) => read(file) as GoldenSchema), api: read('api.json') as ApiSurface };
  });
}

/** What today's release would keep, as file → text. */
export function goldenFiles(model: Model): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const name of schemaNames) files.set(`${name}.json`, `${JSON.stringify(goldenSchema(name), null, 2)}\n`);
  files.set('api.json', `${JSON.stringify(apiSurface(model), null, 2)}\n`);
  return files;
}

function goldenSchema(name: SchemaName): GoldenSchema {
  const type = avroType(name);
  return {
    name, schema: schemaText(name), fingerprint: schemaFingerprint(name),
    samples: Object.entries(samples[name]).map(([sample, value]) => {
      const bytes = type.toBuffer(value);
      // As it is read back: a float may be another number than the one that was written.
      return { name: sample, hex: bytes.toString('hex'), value: JSON.parse(type.toString(type.fromBuffer(bytes))) as unknown };
    }),
  };
}
