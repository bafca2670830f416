/** Programs that the tests of deploy/ are run with: fetched once a version, and kept. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { isProvisioned, provision } from '../cluster/cache.ts';
import { goCompilerFlags } from '../cluster/go.ts';
import { runProgram, type ProgramOptions } from '../cluster/run-program.ts';

const helmVersion = 'v3.22.0';
const helmFolder = `helm-${helmVersion}`;
const pythonPackages = ['kubernetes-validate==1.37.0'];
const pythonFolder = 'deploy-python-3';

/** Of programs, beside the path: plugins of Kubernetes' networks lie in the last. */
const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/lib/cni'];

function has(program: string): boolean {
  return places.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

type Need = readonly [program: string, debian: string];
const python: readonly Need[] = [['python3', 'python3'], ['pip3', 'python3-pip']];

function missing(what: string, needs: readonly Need[]): string | false {
  // There nothing is left out: what is missing fails.
  if (process.env['CI'] === 'true') return false;
  const packages = needs.filter(([program]) => !has(program)).map(([, debian]) => debian);
  return packages.length === 0 ? false : `${what}: bash test/deploy/install.sh (or apt-get install ${packages.join(' ')})`;
}

/** As the `skip` of a test: false if images can be built and the compose file run here. */
export function missingForContainers(): string | false {
  if (process.env['CI'] === 'true') return false;
  const isLinuxRoot = process.platform === 'linux' && process.getuid?.() === 0;
  if (!isLinuxRoot) return 'needs Linux and root, to make the images that stand in for those of third parties';
  // Two of them would change each other's rules for packets.
  if (existsSync('/var/run/docker.sock')) return 'needs a machine on which no Docker daemon runs: it starts one of its own';
  return missing('needs Docker', [
    ...python, ['docker', 'docker.io'], ['dockerd', 'docker.io'], ['debootstrap', 'debootstrap'], ['iptables', 'iptables'],
    // Third-party parts are made of what test/cluster fetches and builds.
    ['mvn', 'maven'], ['go', 'golang'], ['java', 'openjdk-17-jre-headless'],
  ]);
}

/** As the `skip` of a test: false if Kubernetes can be built and run here. */
export function missingForKubernetes(): string | false {
  return missingForContainers() || missing('needs what Kubernetes runs on', [
    ['etcd', 'etcd-server'], ['containerd', 'containerd'], ['runc', 'runc'], ['conntrack', 'conntrack'], ['bridge', 'containernetworking-plugins'],
    ['docker-registry', 'docker-registry'], ['openssl', 'openssl'], ['ip', 'iproute2'], ['unshare', 'util-linux'],
  ]);
}

/** As the `skip` of a test: false if the chart can be rendered and checked here. */
export function missingForHelm(): string | false {
  return missing('needs helm', [...python, ...(isProvisioned(helmFolder) ? [] : [['go', 'golang'] as const])]);
}

/** The program `helm`; built by Go at the first call on this machine, which takes minutes. */
export async function helmProgram(): Promise<string> {
  const folder = await provision(helmFolder, async (draft) => {
    await runProgram('go', ['install', goCompilerFlags, '-ldflags=-s -w', `helm.sh/helm/v3/cmd/helm@${helmVersion}`], {
      environment: { GOBIN: draft, GOFLAGS: '-buildvcs=false' }, timeoutMs: 3_000_000,
    });
  });
  return join(folder, 'helm');
}

/** Runs a Python module of the pinned packages. @throws Error with what it said, if it fails. */
export async function python3(args: readonly string[], options: ProgramOptions = {}): Promise<string> {
  const folder = await provision(pythonFolder, async (draft) => {
    const quietly = ['--quiet', '--disable-pip-version-check', '--root-user-action=ignore'];
    await runProgram('python3', ['-m', 'pip', 'install', ...quietly, '--target', draft, ...pythonPackages]);
  });
  return runProgram('python3', args, { ...options, environment: { ...options.environment, PYTHONPATH: folder } });
}

/** All documents of a YAML text. */
export async function readYaml(text: string): Promise<unknown[]> {
  const program = 'import json, sys, yaml; json.dump([d for d in yaml.safe_load_all(sys.stdin) if d is not None], sys.stdout)';
  return JSON.parse(await python3(['-c', program], { input: text })) as unknown[];
}
