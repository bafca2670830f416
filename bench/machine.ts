/** What the figures depend on. */
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Averages over 1, 5 and 15 minutes before the run: near 0 on a machine that does nothing else. */
  readonly loadBefore: readonly number[];
}

export function describeMachine(): Machine {
  const [first] = cpus();
  return {
    cpu: `${first?.model.trim() ?? 'unknown'}${vectorUnits()}`,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    versions: { node: process.versions.node, v8: process.versions.v8, ...packageVersions(['lmdb', 'usearch', 'avsc', '@grpc/grpc-js', '@bufbuild/protobuf']) },
    loadBefore: loadavg().map((load) => Math.round(load * 100) / 100),
  };
}

/** Time that a host gave to others while something here was ready to run, over all cores, since the start of the machine; 0 where that is not told. */
export function stolenMs(): number {
  try {
    // In hundredths of a second, after user, nice, system, idle, iowait, irq and softirq.
    return Number(/^cpu +(?:\d+ ){7}(\d+)/.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? 0) * 10;
  } catch {
    return 0;
  }
}

/** The widest vector instructions, which decide how fast distances are. */
function vectorUnits(): string {
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? [];
    const widest = ['avx512_vnni', 'avx512f', 'avx2'].find((flag) => flags.includes(flag));
    return widest === undefined ? '' : ` (${widest})`;
  } catch {
    return '';
  }
}

/** Of this repository. */
export function rootVersion(): string {
  return (JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as { version: string }).version;
}

export function packageVersions(names: readonly string[]): Record<string, string> {
  const here = createRequire(import.meta.url);
  return Object.fromEntries(names.map((name) => {
    const paths = here.resolve.paths(name) ?? [];
    for (const path of paths) {
      try {
        const { version } = JSON.parse(readFileSync(`${path}/${name}/package.json`, 'utf8')) as { version: string };
        return [name, version];
      } catch {
        // Not in this folder.
      }
    }
    return [name, 'unknown'];
  }));
}
