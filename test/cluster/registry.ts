/** Apicurio Registry: a schema registry with Confluent's API. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { startAlone, type PartOptions } from './alone.ts';
import { provision } from './cache.ts';
import type { Stoppable } from './child.ts';
import { openFolder } from './folder.ts';
import { fastStart, recordClasses } from './java.ts';
import { copyArtifact } from './maven.ts';
import { freePort, host } from './ports.ts';
import { runProgram } from './run-program.ts';
import { registryVersion, versions } from './versions.ts';

export interface RegistryOptions extends PartOptions {
  /** Whether schemas survive a `restart`. Without it they live in memory: a `restart` is a registry that was wiped. @default false */
  readonly durable?: boolean;
}

export interface Registry extends Stoppable {
  /** Of Confluent's API. */
  readonly url: string;
  readonly port: number;
}

const api = '/apis/ccompat/v7';
const runner = `apicurio-registry-app-${registryVersion}-runner.jar`;

const settings = (port: number): string[] => [
  '-Xmx256m', `-Dquarkus.http.port=${port}`, `-Dquarkus.http.host=${host}`,
  '-Dquarkus.datasource.jdbc.initial-size=2', '-Dquarkus.datasource.jdbc.min-size=2', '-jar', runner,
];

async function isReady(port: number, signal = AbortSignal.timeout(1_000)): Promise<boolean> {
  return (await fetch(`http://${host}:${port}${api}/subjects`, { signal })).ok;
}

/** Fetched from Maven Central at the first call on this machine. @returns its folder. */
export function registrySoftware(): Promise<string> {
  return provision(versions.registry, async (folder) => {
    await using work = openFolder('registry-provision');
    await copyArtifact(work.path, `io.apicurio:apicurio-registry-app:${registryVersion}:tar.gz:all`);
    for (const file of await readdir(work.path)) await runProgram('tar', ['xzf', join(work.path, file), '-C', folder]);
    const port = await freePort();
    await recordClasses(folder, work.path, settings(port), () => isReady(port));
  });
}

export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const software = await registrySoftware();
  const port = await freePort();
  return startAlone('registry', options, (folder) => ({
    command: 'java', args: [...fastStart, ...settings(port)], workingDirectory: software,
    // Its database writes half a second late unless told otherwise, and a kill would lose that.
    environment: { ...process.env, ...(options.durable === true && { REGISTRY_DATASOURCE_URL: `jdbc:h2:file:${join(folder.path, 'schemas')};WRITE_DELAY=0` }) },
    isReady: (signal) => isReady(port, signal),
  }), { port, url: `http://${host}:${port}${api}` });
}
