/** Kubernetes, for real: one node, on which pods run, built from its sources. What pods need besides is in parts.yaml. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { startAlone } from '../../cluster/alone.ts';
import { openFolder } from '../../cluster/folder.ts';
import { freePorts } from '../../cluster/ports.ts';
import { runProgram, type ProgramOptions } from '../../cluster/run-program.ts';
import { environmentFile, root } from '../compose-file.ts';
import { containersFolder, type Docker } from '../docker.ts';
import { nodeImage, pauseImage, thirdPartyImages } from '../stand-ins.ts';
import { helmProgram } from '../tools.ts';
import { kubernetesProgram } from './program.ts';

export interface Kubernetes extends AsyncDisposable {
  /** Of the registry that nodes know and `docker push` reaches: host:port. */
  readonly registry: string;
  /** Has `kubectl` and `helm`. */
  readonly programs: string;
  readonly kubeconfig: string;
  kubectl(args: readonly string[], options?: ProgramOptions): Promise<string>;
}

/** Of pods, and of the node: nothing outside of this machine reaches either. */
const [bridge, nodeLink] = ['proximadb-pods', 'proximadb-node'];
const [nodeAddress, dnsAddress, pods] = ['10.97.0.1', '10.96.0.10', '10.244.0.0/24'];
/** Docker drops what is forwarded and not its own. (CNI's plugin for that loses rules when the first pods come together.) */
const letThrough = ['--source', '--destination'].map((end) => ['FORWARD', end, pods, '--jump', 'ACCEPT']);

/** With Kafka, a schema registry, Redis and MinIO, all of them ready. @throws Error with the end of the logs. */
export async function startKubernetes(docker: Docker): Promise<Kubernetes> {
  const program = await kubernetesProgram();
  const names = await environmentFile();
  const place = join(tmpdir(), 'proximadb-kubernetes');
  // Of one that was killed.
  await removeLinks(program);
  await rm(place, { recursive: true, force: true });
  await mkdir(join(place, 'programs'), { recursive: true });
  const [api = 0, etcd = 0, etcdPeers = 0, kubelet = 0, proxyHealth = 0, proxyMetrics = 0, dns = 0, registryPort = 0] = await freePorts(8);
  const kubeconfig = join(place, 'kubeconfig');
  const token = randomUUID();
  await writeFile(kubeconfig, JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server: `https://127.0.0.1:${api}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  }));
  await chmod(kubeconfig, 0o600);
  await writeFile(join(place, 'programs', 'kubectl'), `#!/bin/sh\nexec '${program}' kubectl "$@"\n`, { mode: 0o755 });
  await symlink(await helmProgram(), join(place, 'programs', 'helm'));
  const kubectl: Kubernetes['kubectl'] = (args, options = {}) =>
    runProgram(program, ['kubectl', ...args], { ...options, environment: { ...options.environment, KUBECONFIG: kubeconfig } });
  const places = {
    DNS_ADDRESS: dnsAddress, PORT_DNS: String(dns), NODE_ADDRESS: nodeAddress, DISKS: join(place, 'disks'),
  };

  await using stack = new AsyncDisposableStack();
  stack.defer(async () => {
    await removeLinks(program);
    await rm(place, { recursive: true, force: true });
  });
  await runProgram('ip', ['link', 'add', nodeLink, 'type', 'bridge']);
  await runProgram('ip', ['address', 'add', `${nodeAddress}/32`, 'dev', nodeLink]);
  await runProgram('ip', ['link', 'set', nodeLink, 'up']);
  for (const rule of letThrough) await runProgram('iptables', ['--insert', ...rule]);
  for (const disk of ['0', '1']) {
    await mkdir(join(places.DISKS, disk), { recursive: true });
    // Kubernetes does not give a folder of the node to a pod's group.
    await chmod(join(places.DISKS, disk), 0o777);
  }
  stack.use(await startRegistry(registryPort));
  const pause = await pauseImage(docker);
  stack.use(await startAlone('kubernetes', { directory: place }, () => ({
    command: 'unshare',
    args: ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child=SIGKILL', 'bash', join(import.meta.dirname, 'run.sh')],
    environment: {
      ...process.env, ...places, FOLDER: place, STORE: join(containersFolder, 'containerd'), PROGRAM: program, KUBECONFIG: kubeconfig, TOKEN: token,
      PAUSE_IMAGE: pause, BRIDGE: bridge, PODS: pods, PORT_API: String(api), PORT_ETCD: String(etcd), PORT_ETCD_PEERS: String(etcdPeers),
      PORT_KUBELET: String(kubelet), PORT_PROXY_HEALTH: String(proxyHealth), PORT_PROXY_METRICS: String(proxyMetrics),
    },
    isReady: async () => /\bReady\b/.test(await kubectl(['get', 'nodes'])),
    readyTimeoutMs: 120_000,
  }), {}));

  await nodeImage(docker);
  await thirdPartyImages(docker, names);
  await docker.run(['build', '--quiet', '--tag', names['IMAGE_MINIO'] ?? '', join(root, 'deploy/minio')]);
  const wanted = ['IMAGE_KAFKA', 'IMAGE_REGISTRY', 'IMAGE_REDIS', 'IMAGE_MINIO'].map((name) => names[name] ?? '');
  await copyImages(docker, join(place, 'containerd.sock'), [pause, ...wanted]);
  await applyParts(kubectl, { ...names, ...places });
  try {
    // Only pods that are there are waited for.
    await kubectl(['rollout', 'status', 'statefulset/kafka', '--namespace', 'kafka', '--timeout=240s'], { timeoutMs: 250_000 });
    await kubectl(['wait', '--for=condition=Ready', 'pods', '--all', '--all-namespaces', '--timeout=240s'], { timeoutMs: 250_000 });
  } catch (error) {
    throw new Error(`${String(error)}\n${await kubectl(['get', 'pods,events', '--all-namespaces'])}`);
  }
  const owned = stack.move();
  return {
    registry: `127.0.0.1:${registryPort}`, programs: join(place, 'programs'), kubeconfig, kubectl,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** And rules, whichever there are. */
async function removeLinks(program: string): Promise<void> {
  const may = (command: string, args: readonly string[]): Promise<unknown> => runProgram(command, args).catch(() => undefined);
  await may(program, ['kube-proxy', '--cleanup']);
  for (const rule of letThrough) await may('iptables', ['--delete', ...rule]);
  for (const link of [bridge, nodeLink]) await may('ip', ['link', 'delete', link]);
}

/** `$$` is `$`, as in a compose file. */
async function applyParts(kubectl: Kubernetes['kubectl'], names: Readonly<Record<string, string>>): Promise<void> {
  const text = (await readFile(join(import.meta.dirname, 'parts.yaml'), 'utf8')).replaceAll(/\$\$|\$\{(\w+)\}/g, (found, name: string | undefined) => {
    if (name === undefined) return '$';
    const value = names[name];
    if (value === undefined) throw new Error(`parts.yaml asks for ${found}`);
    return value;
  });
  // The API of policies is there a moment after the server.
  for (let tries = 20; ; tries -= 1) {
    try {
      await kubectl(['apply', '--filename', '-'], { input: text });
      return;
    } catch (error) {
      if (tries === 0) throw error;
      await delay(500);
    }
  }
}

/** From Docker's store into the node's. */
async function copyImages(docker: Docker, socket: string, names: readonly string[]): Promise<void> {
  await using work = openFolder('images');
  const archive = join(work.path, 'images.tar');
  await docker.run(['save', '--output', archive, ...names]);
  await runProgram('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', archive]);
}

async function startRegistry(port: number): Promise<AsyncDisposable> {
  return startAlone('registry', {}, (folder) => {
    const file = join(folder.path, 'config.json');
    writeFileSync(file, JSON.stringify({
      version: 0.1, http: { addr: `127.0.0.1:${port}` }, storage: { filesystem: { rootdirectory: join(folder.path, 'images') } },
    }));
    return {
      command: 'docker-registry', args: ['serve', file],
      isReady: async (signal) => (await fetch(`http://127.0.0.1:${port}/v2/`, { signal })).ok,
    };
  }, {});
}
