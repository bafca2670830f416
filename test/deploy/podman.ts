/** Podman with a store and settings of its own, so that a test meets no other container, and needs no systemd. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { runProgram, type ProgramOptions } from '../cluster/run-program.ts';

const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'proximadb', 'containers');
let ready: Promise<NodeJS.ProcessEnv> | undefined;

/** Variables that make podman, and what calls it, use this store. */
export function podmanEnvironment(): Promise<NodeJS.ProcessEnv> {
  return ready ??= prepare();
}

async function prepare(): Promise<NodeJS.ProcessEnv> {
  await mkdir(folder, { recursive: true });
  const containers = join(folder, 'containers.conf');
  const storage = join(folder, 'storage.conf');
  // runc and cgroupfs: crun is not everywhere, and systemd neither. The limits are those that a machine without systemd may lack.
  await writeFile(containers, '[containers]\ndefault_ulimits = ["nofile=10000:10000", "nproc=20000:20000"]\n'
    + '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n[network]\nnetwork_backend = "netavark"\n');
  await writeFile(storage, `[storage]\ndriver = "overlay"\ngraphroot = "${join(folder, 'graph')}"\nrunroot = "${join(tmpdir(), 'proximadb-containers')}"\n`);
  // Health checks and instructions such as HEALTHCHECK are kept in Docker's format alone.
  return { CONTAINERS_CONF: containers, CONTAINERS_STORAGE_CONF: storage, BUILDAH_FORMAT: 'docker' };
}

/** @returns its standard output, without the line's end. @throws Error with what it said, if it fails. */
export async function podman(args: readonly string[], options: ProgramOptions = {}): Promise<string> {
  return (await runProgram('podman', args, { ...options, environment: { ...options.environment, ...await podmanEnvironment() } })).trimEnd();
}

/** The end of what a container said, on both of its streams. Never rejects. */
export async function podmanLogs(container: string): Promise<string> {
  const environment = await podmanEnvironment();
  return runProgram('sh', ['-c', 'podman logs --tail 40 "$1" 2>&1', 'sh', container], { environment }).catch((error: unknown) => String(error));
}

export async function imageExists(name: string): Promise<boolean> {
  return existsSync(folder) && await podman(['image', 'exists', name]).then(() => true, () => false);
}

/** What a container is now, or undefined where there is none. */
export async function inspect(container: string): Promise<ContainerState | undefined> {
  const text = await podman(['container', 'inspect', container]).catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ContainerState[])[0];
}

export interface ContainerState {
  readonly State: { readonly Running: boolean; readonly Pid: number; readonly ExitCode: number; readonly OOMKilled: boolean };
  readonly Config: { readonly User: string; readonly Healthcheck?: unknown; readonly StopSignal: unknown };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean; readonly Memory: number; readonly NanoCpus: number; readonly PidsLimit: number;
    readonly CapDrop: readonly string[]; readonly SecurityOpt: readonly string[]; readonly RestartPolicy: { readonly Name: string };
    readonly PortBindings: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>>;
  };
  readonly EffectiveCaps: readonly string[] | null;
  readonly RestartCount: number;
}
