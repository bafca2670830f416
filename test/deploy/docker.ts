/** Docker with a daemon, a store and a socket of its own, so that a test meets no other container. */
import { mkdir } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { startAlone } from '../cluster/alone.ts';
import { runProgram, type ProgramOptions } from '../cluster/run-program.ts';

export interface Docker extends AsyncDisposable {
  /** Variables that make `docker`, and what calls it, use this daemon. */
  readonly environment: Readonly<Record<string, string>>;
  /** @returns its standard output, without the line's end. @throws Error with what it said, if it fails. */
  run(args: readonly string[], options?: ProgramOptions): Promise<string>;
  /** The end of what a container said, on both of its streams. Never rejects. */
  logs(container: string): Promise<string>;
  /** What a container is now, or undefined where there is none. */
  inspect(container: string): Promise<ContainerState | undefined>;
}

export interface ContainerState {
  readonly State: {
    readonly Status: string; readonly Pid: number; readonly ExitCode: number; readonly Health?: { readonly Status: string };
  };
  readonly Config: { readonly User: string };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean; readonly Memory: number; readonly NanoCpus: number; readonly PidsLimit: number;
    readonly SecurityOpt: readonly string[]; readonly RestartPolicy: { readonly Name: string };
    readonly PortBindings: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>>;
  };
}

export const containersFolder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'proximadb', 'containers');

/** Images are kept for the next one; containers of one that was killed are gone. One at a time runs on a machine. @throws Error with the end of its log. */
export async function startDocker(): Promise<Docker> {
  // Sockets have short names; what is kept lies elsewhere.
  const place = join(tmpdir(), 'proximadb-docker');
  const configuration = join(containersFolder, 'docker-cli');
  await mkdir(configuration, { recursive: true });
  const environment = { DOCKER_HOST: `unix://${join(place, 'docker.sock')}`, DOCKER_CONFIG: configuration };
  const run: Docker['run'] = async (args, options = {}) =>
    (await runProgram('docker', args, { ...options, environment: { ...options.environment, ...environment } })).trimEnd();
  const daemon = await startAlone('dockerd', { directory: place }, () => ({
    command: 'dockerd',
    args: ['--data-root', join(containersFolder, 'docker'), '--exec-root', join(place, 'exec'), '--pidfile', join(place, 'docker.pid'),
      '--host', environment.DOCKER_HOST],
    isReady: async () => (await run(['info', '--format', '{{ .ServerVersion }}'], { timeoutMs: 2_000 })) !== '',
  }), {});
  const left = (await run(['ps', '--all', '--quiet'])).split('\n').filter((id) => id !== '');
  if (left.length > 0) await run(['rm', '--force', '--volumes', ...left]);
  return {
    environment, run,
    logs: (container) => runProgram('sh', ['-c', 'docker logs --tail 40 "$1" 2>&1', 'sh', container], { environment }).catch((error: unknown) => String(error)),
    async inspect(container) {
      const text = await run(['container', 'inspect', container]).catch(() => undefined);
      return text === undefined ? undefined : (JSON.parse(text) as ContainerState[])[0];
    },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}
