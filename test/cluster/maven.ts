/** Files from Maven Central. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from './run-program.ts';

export interface Artifact {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
}

const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1';

/** Jars and all that they need. @throws Error with Maven's words. */
export async function copyDependencies(target: string, artifacts: readonly Artifact[]): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'proximadb-maven-'));
  try {
    const list = artifacts.map(({ group, artifact, version }) => '<dependency>'
      + `<groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`);
    await writeFile(join(work, 'pom.xml'), '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
      + `<groupId>proximadb</groupId><artifactId>parts</artifactId><version>1</version><dependencies>${list.join('')}</dependencies></project>`);
    await runProgram('mvn', ['--quiet', '--batch-mode', `${plugin}:copy-dependencies`, `-DoutputDirectory=${target}`, '-DincludeScope=runtime'], { cwd: work });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** One file, without what it needs. @param artifact `group:artifact:version:type:classifier`. @throws Error with Maven's words. */
export async function copyArtifact(target: string, artifact: string): Promise<void> {
  await runProgram('mvn', ['--quiet', '--batch-mode', `${plugin}:copy`, `-Dartifact=${artifact}`, `-DoutputDirectory=${target}`]);
}
