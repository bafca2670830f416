/** docker-compose.yml, run for real: under a project name and on ports of its own. */
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../cluster/ports.ts';
import { composeFile, root } from './compose-file.ts';
import type { Docker } from './docker.ts';
import { dockerPlugins } from './plugins.ts';

export interface Stack extends AsyncDisposable {
  readonly services: readonly string[];
  /** `http://host:port` of a service's REST on this machine. */
  readonly gateway: string;
  readonly query: string;
  readonly prometheus: string;
  containerOf(service: string): string;
  /** Builds and makes what is missing, and starts all. */
  up(): Promise<void>;
  /** Containers and network are gone, volumes stay. */
  down(): Promise<void>;
  /** @throws Error with the service's log if it is not healthy in time. @default 240,000 ms */
  untilHealthy(service: string, timeoutMs?: number): Promise<void>;
  logs(service: string): Promise<string>;
}

export async function openStack(docker: Docker, project: string): Promise<Stack> {
  await dockerPlugins(docker);
  const [gateway = 0, gatewayGrpc = 0, query = 0, queryGrpc = 0, prometheus = 0, grafana = 0] = await freePorts(6);
  const file = await composeFile();
  const environment = {
    PORT_GATEWAY_REST: String(gateway), PORT_GATEWAY_GRPC: String(gatewayGrpc),
    PORT_QUERY_REST: String(query), PORT_QUERY_GRPC: String(queryGrpc), PORT_PROMETHEUS: String(prometheus), PORT_GRAFANA: String(grafana),
  };
  const services = Object.keys(file.services);
  const compose = (...args: string[]): Promise<string> =>
    docker.run(['compose', '--project-name', project, '--profile', 'monitoring', ...args], { cwd: root, environment });
  const containerOf = (service: string): string => `${project}-${service}-1`;

  const stack: Stack = {
    services, containerOf,
    gateway: `http://127.0.0.1:${gateway}`, query: `http://127.0.0.1:${query}`, prometheus: `http://127.0.0.1:${prometheus}`,
    async up() { await compose('up', '--build', '--detach', '--wait'); },
    async down() { await compose('down', '--timeout', '30'); },
    async untilHealthy(service, timeoutMs = 240_000) {
      for (const until = performance.now() + timeoutMs; ; await delay(200)) {
        const state = (await docker.inspect(containerOf(service)))?.State;
        if (state?.Status === 'running' && (state.Health === undefined || state.Health.Status === 'healthy')) return;
        if (performance.now() > until) {
          throw new Error(`${service} is not healthy after ${timeoutMs} ms (${JSON.stringify(state)}):\n${await stack.logs(service)}`);
        }
      }
    },
    logs: (service) => docker.logs(containerOf(service)),
    async [Symbol.asyncDispose]() { await compose('down', '--volumes', '--timeout', '5').catch(() => undefined); },
  };
  return stack;
}
