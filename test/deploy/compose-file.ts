/** docker-compose.yml and .env, as a program reads them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readYaml } from './tools.ts';

export const root = join(import.meta.dirname, '..', '..');

export interface ComposeService {
  readonly image: string;
  readonly build?: unknown;
  readonly ports?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number | boolean>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[] };
  readonly profiles?: readonly string[];
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly volumes?: readonly string[];
  readonly deploy?: { readonly resources?: { readonly limits?: { readonly cpus?: string | number; readonly memory?: string; readonly pids?: number } } };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** .env as names and values. */
export async function environmentFile(): Promise<Record<string, string>> {
  const text = await readFile(join(root, '.env'), 'utf8');
  return Object.fromEntries(text.split('\n').filter((line) => /^[A-Z]/.test(line)).map((line) => {
    const at = line.indexOf('=');
    return [line.slice(0, at), line.slice(at + 1)];
  }));
}

export async function composeFile(): Promise<ComposeFile> {
  const [file] = await readYaml(await readFile(join(root, 'docker-compose.yml'), 'utf8'));
  return file as ComposeFile;
}
