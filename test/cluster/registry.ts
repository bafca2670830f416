/** Apicurio Registry: a schema registry with Confluent's API. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { startAlone, type PartOptions } from './alone.ts';
import { provision } from './cache.ts';
import type { Stoppable } from './child.ts';
import { registryJavaProgram } from './fetched-java.ts';
import { openFolder } from './folder.ts';
import { fastStart, recordClasses } from './java.ts';
import { copyArtifact } from './maven.ts';
import { freePort, host } from './ports.ts';
import { runProgram } from './run-program.ts';
import { registryVersion, versions } from './versions.ts';

export interface RegistryOptions extends PartOptions {
  /** Whether schemas survive a `restart`. Without it they live in memory: a `restart` is a registry that was wiped. @default false */
  readonly durable?: boolean;
  /** @default a free one */
  readonly port?: number;
}

export interface Registry extends Stoppable {
  /** Of Confluent's API. */
  readonly url: string;
  readonly port: number;
}

const api = '/apis/ccompat/v7';

/** Its jars in the order of their own launcher, which has a class loader of its own: Java notes no classes of that. */
const jarFolders = ['quarkus', 'app', 'lib/boot', 'lib/main'];

async function settings(folder: string, port: number): Promise<string[]> {
  const jars = await Promise.all(jarFolders.map(async (name) =>
    (await readdir(join(folder, name))).filter((file) => file.endsWith('.jar')).sort().reverse().map((file) => join(name, file))));
  return [
    '-Xmx256m', '--add-opens', 'java.base/java.lang=ALL-UNNAMED', `-Dquarkus.http.port=${port}`, `-Dquarkus.http.host=${host}`,
    // It has a second port, 9000 for everyone unless told otherwise, and ends if another one has that.
    '-Dquarkus.management.port=0', `-Dquarkus.management.host=${host}`,
    '-Dquarkus.datasource.jdbc.initial-size=2', '-Dquarkus.datasource.jdbc.min-size=2', '-cp', jars.flat().join(':'), 'io.quarkus.runner.GeneratedMain',
  ];
}

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
    await recordClasses(folder, work.path, await settings(folder, port), () => isReady(port), await registryJavaProgram());
  });
}

export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const software = await registrySoftware();
  const port = options.port ?? await freePort();
  const command = await registryJavaProgram();
  const args = [...fastStart, ...await settings(software, port)];
  return startAlone('registry', options, (folder) => ({
    command, args, workingDirectory: software,
    // Its database writes half a second late unless told otherwise, and a kill would lose that.
    environment: { ...process.env, ...(options.durable === true && { APICURIO_DATASOURCE_URL: `jdbc:h2:file:${join(folder.path, 'schemas')};WRITE_DELAY=0` }) },
    isReady: (signal) => isReady(port, signal),
  }), { port, url: `http://${host}:${port}${api}` });
}
