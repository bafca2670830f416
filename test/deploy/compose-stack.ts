/** docker-compose.yml, run for real by podman-compose: under a project name and on ports of its own. */
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../cluster/ports.ts';
import { composeFile, root, type ComposeFile } from './compose-file.ts';
import { inspect, podman, podmanEnvironment, podmanLogs } from './podman.ts';
import { python3 } from './tools.ts';

export interface Stack extends AsyncDisposable {
  readonly services: readonly string[];
  /** `http://host:port` of a service's REST on this machine. */
  readonly gateway: string;
  readonly query: string;
  readonly prometheus: string;
  containerOf(service: string): string;
  /** Makes what is missing and starts all in the order of `depends_on`, as Docker does: who waits for a healthy service gets one. */
  up(): Promise<void>;
  /** Containers and network are gone, volumes stay. */
  down(): Promise<void>;
  /** @throws Error with the service's log if it is not healthy in time. @default 240,000 ms */
  untilHealthy(service: string, timeoutMs?: number): Promise<void>;
  logs(service: string): Promise<string>;
}

/** Services of the profile `monitoring` that Debian has; grafana it does not have. */
const alsoStarted = ['prometheus'];
const leftOut = ['grafana'];

export async function openStack(project: string): Promise<Stack> {
  const [gateway = 0, gatewayGrpc = 0, query = 0, queryGrpc = 0, prometheus = 0] = await freePorts(5);
  const file = await composeFile();
  const environment = {
    ...await podmanEnvironment(),
    PORT_GATEWAY_REST: String(gateway), PORT_GATEWAY_GRPC: String(gatewayGrpc),
    PORT_QUERY_REST: String(query), PORT_QUERY_GRPC: String(queryGrpc), PORT_PROMETHEUS: String(prometheus),
  };
  const services = Object.keys(file.services).filter((name) => !leftOut.includes(name));
  const compose = (...args: string[]): Promise<string> =>
    python3(['-m', 'podman_compose', '--project-name', project, '--profile', 'monitoring', ...args], { cwd: root, environment });
  const containerOf = (service: string): string => `${project}_${service}_1`;

  const stack: Stack = {
    services, containerOf,
    gateway: `http://127.0.0.1:${gateway}`, query: `http://127.0.0.1:${query}`, prometheus: `http://127.0.0.1:${prometheus}`,
    async up() {
      await compose('up', '--no-start', '--no-build', ...services);
      for (const step of startOrder(file, services)) {
        await podman(['start', ...step.map(containerOf)]);
        // Prometheus' image brings no health check.
        await Promise.all(step.filter((service) => !alsoStarted.includes(service)).map((service) => stack.untilHealthy(service)));
      }
    },
    async down() { await compose('down', '--timeout', '30'); },
    async untilHealthy(service, timeoutMs = 240_000) {
      const until = performance.now() + timeoutMs;
      // Where podman has systemd, that runs the checks; where it has not, we do.
      while (!await podman(['healthcheck', 'run', containerOf(service)]).then(() => true, () => false)) {
        if (performance.now() > until) {
          const state = (await inspect(containerOf(service)))?.State;
          throw new Error(`${service} is not healthy after ${timeoutMs} ms (${JSON.stringify(state)}):\n${await stack.logs(service)}`);
        }
        await delay(500);
      }
    },
    logs: (service) => podmanLogs(containerOf(service)),
    async [Symbol.asyncDispose]() { await compose('down', '--volumes', '--timeout', '5').catch(() => undefined); },
  };
  return stack;
}

/** Services in steps: each depends only on those of earlier ones. */
function startOrder(file: ComposeFile, services: readonly string[]): string[][] {
  const steps: string[][] = [];
  const placed = new Set<string>();
  while (placed.size < services.length) {
    const step = services.filter((name) => !placed.has(name) && Object.keys(file.services[name]?.depends_on ?? {}).every((other) => placed.has(other)));
    if (step.length === 0) throw new Error('depends_on goes in a circle');
    steps.push(step);
    for (const name of step) placed.add(name);
  }
  return steps;
}
