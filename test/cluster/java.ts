/** What Kafka and the registry share: Java, told to start fast. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

const archive = 'classes.jsa';
const flags = [
  // Code is compiled once, quickly. On two processors, with what else runs on them, a broker that may compile it better takes 12 s of a processor
  // for its first million records instead of 6, and no less for its third (5.2 and 5.0 s).
  '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1',
  // A Java that did not write the archive must go without it, and not complain.
  '-Xshare:auto', '-Xlog:cds=off', '-Xlog:cds+dynamic=off',
];

/**
 * Loaded classes are mapped from a file that `recordClasses` made, in place of being unpacked and checked again: a start takes a
 * fraction of the processor's time. To be run in the folder of the file, with a class path relative to it.
 */
export const fastStart: readonly string[] = [...flags, `-XX:SharedArchiveFile=${archive}`];

/**
 * The program of a Java that is new enough: of JAVA_HOME, on PATH, or where Linux distributions put them; undefined if there is none. Its home
 * says which version it is, so that none has to be started.
 */
export function javaAtLeast(version: number): string | undefined {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).flatMap((folder) => homeOf(join(folder, 'java')) ?? []);
  const homes = [process.env['JAVA_HOME'] ?? '', ...onPath, ...installed()];
  const home = homes.find((one) => one !== '' && versionOf(one) >= version);
  return home === undefined ? undefined : join(home, 'bin', 'java');
}

function homeOf(program: string): string | undefined {
  try {
    return dirname(dirname(realpathSync(program)));
  } catch {
    return undefined;
  }
}

function installed(): string[] {
  const folder = '/usr/lib/jvm';
  try {
    return readdirSync(folder).sort().map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function versionOf(home: string): number {
  try {
    return Number(/^JAVA_VERSION="(\d+)/m.exec(readFileSync(join(home, 'release'), 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Starts and ends a server once, so that Java can note which classes it loads. @param args without `fastStart`. */
export async function recordClasses(
  folder: string, work: string, args: readonly string[], isReady: () => Promise<boolean>, java = 'java',
): Promise<void> {
  const log = openSync(join(work, 'training.log'), 'a');
  const server = spawn(java, [...flags, `-XX:ArchiveClassesAtExit=${archive}`, ...args], { cwd: folder, stdio: ['ignore', log, log] });
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    server.on('exit', () => { resolve(); });
    server.on('error', () => { resolve(); });
  });
  const until = AbortSignal.timeout(120_000);
  while (!until.aborted && server.exitCode === null && !await isReady().catch(() => false)) await delay(50);
  server.kill('SIGTERM');
  const force = setTimeout(() => server.kill('SIGKILL'), 60_000);
  await ended;
  clearTimeout(force);
}
