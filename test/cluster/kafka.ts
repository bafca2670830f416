/** Kafka, as one broker or three, on this machine. */
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Child, type Stoppable } from './child.ts';
import { openFolder } from './folder.ts';
import { brokerListed, listBrokers } from './kafka-protocol.ts';
import { startKafkaProxy, type KafkaFrame } from './kafka-proxy.ts';
import { makeCredentials, saslSettings, type KafkaSasl } from './kafka-sasl.ts';
import { brokerSettings, settingsText, type BrokerPorts } from './kafka-settings.ts';
import { brokerLogging, kafkaSoftware, type KafkaSoftware } from './kafka-software.ts';
import { freePorts, host } from './ports.ts';
import type { FaultProxy } from './proxy.ts';
import { runProgram } from './run-program.ts';
import { startTogether } from './together.ts';

export interface KafkaOptions {
  /** With 3, topics have three replicas unless they say otherwise, and a write needs two. @default 1 */
  readonly brokers?: 1 | 3;
  /** Kept, and used again by the next cluster that is started on it. @default a temporary one */
  readonly directory?: string;
  /** A second listener, SASL over TLS, beside the plain one. @default false */
  readonly sasl?: boolean;
  /** A listener more, whose advertised addresses are those of proxies that break what passes. @default false */
  readonly proxied?: boolean;
  /** Settings of the brokers, over those of ./kafka-settings.ts. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
}

export interface KafkaBroker extends Stoppable {
  readonly id: number;
  readonly port: number;
  /** `host:port` of the plain listener. */
  readonly address: string;
  /** With `proxied`: in front of this broker. Clients that begin at `Kafka.proxied` talk to the brokers through nothing else. */
  readonly proxy?: FaultProxy<KafkaFrame>;
}

export interface Kafka extends AsyncDisposable {
  /** The plain listener of each broker. */
  readonly bootstrap: readonly string[];
  readonly brokers: readonly KafkaBroker[];
  readonly sasl?: KafkaSasl;
  /** With `proxied`: the proxy of each broker. */
  readonly proxied?: readonly string[];
  /** Resolves when every running broker sees all brokers that run: after a kill, a pause, a restart. @default 60,000 ms */
  settled(timeoutMs?: number): Promise<void>;
}

/** Resolves when all brokers see each other. @throws Error with the tail of a broker's log. */
export async function startKafka(options: KafkaOptions = {}): Promise<Kafka> {
  const count = options.brokers ?? 1;
  const software = await kafkaSoftware();
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(openFolder('kafka', options.directory));
  const formerBrokers = [1, 2, 3].filter((id) => existsSync(join(folder.path, `broker-${id}`))).length;
  if (formerBrokers !== 0 && formerBrokers !== count) throw new Error(`${folder.path} is the directory of a cluster of ${formerBrokers}, not ${count}`);
  const ports = await takePorts(count, options);
  const proxies = new Map<number, FaultProxy<KafkaFrame>>();
  for (const { id, proxied } of ports) {
    if (proxied !== undefined) proxies.set(id, stack.use(await startKafkaProxy({ port: proxied.listen, listenPort: proxied.advertise })));
  }
  const credentials = options.sasl === true ? await makeCredentials(folder.path, ports.flatMap(({ sasl }) => sasl ?? [])) : undefined;
  const clusterId = randomBytes(16).toString('base64url');
  const running = await startTogether(stack, ports.map((mine) => async (): Promise<KafkaBroker> => {
    const home = join(folder.path, `broker-${mine.id}`);
    mkdirSync(home, { recursive: true });
    const settingsFile = join(home, 'server.properties');
    const settings = { ...brokerSettings(mine, ports, join(home, 'data')), ...(credentials && saslSettings(credentials)), ...options.settings };
    writeFileSync(settingsFile, settingsText(settings));
    await format(software, home, clusterId, mine.id, credentials);
    const child = await Child.start({
      name: `Kafka broker ${mine.id}`, command: 'java',
      args: [`-Xmx${count === 1 ? 512 : 384}m`, ...software.javaArgs, brokerLogging, 'kafka.Kafka', settingsFile],
      folder, workingDirectory: software.folder, logFile: join(folder.path, `broker-${mine.id}.log`), isReady: () => brokerListed(mine.plain, mine.id),
    });
    const proxy = proxies.get(mine.id);
    return Object.assign(child, { id: mine.id, port: mine.plain, address: `${host}:${mine.plain}`, ...(proxy && { proxy }) });
  }));
  const settled = (timeoutMs = 180_000): Promise<void> => untilSettled(running, timeoutMs);
  await settled();
  const owned = stack.move();
  return {
    bootstrap: running.map(({ address }) => address), brokers: running, settled,
    ...(credentials && { sasl: credentials }),
    ...(proxies.size > 0 && { proxied: [...proxies.values()].map(({ address }) => address) }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function takePorts(count: number, { sasl = false, proxied = false }: KafkaOptions): Promise<BrokerPorts[]> {
  const ports = await freePorts(5 * count);
  const next = (): number => ports.pop() ?? 0;
  return Array.from({ length: count }, (_, i) => ({
    id: i + 1, plain: next(), controller: next(), ...(sasl && { sasl: next() }), ...(proxied && { proxied: { listen: next(), advertise: next() } }),
  }));
}

/** What `format` of the storage tool does, without starting Java for it; passwords need the tool, as they become records. */
async function format(software: KafkaSoftware, home: string, clusterId: string, id: number, credentials: KafkaSasl | undefined): Promise<void> {
  const data = join(home, 'data');
  if (existsSync(join(data, 'meta.properties'))) return;
  if (credentials !== undefined) {
    const user = `SCRAM-SHA-512=[name=${credentials.username},password=${credentials.password}]`;
    await runProgram('java', [...software.javaArgs, 'kafka.tools.StorageTool', 'format', `--cluster-id=${clusterId}`,
      '--config', join(home, 'server.properties'), '--add-scram', user], { cwd: software.folder });
    return;
  }
  mkdirSync(data, { recursive: true });
  cpSync(software.bootstrapCheckpoint, join(data, 'bootstrap.checkpoint'));
  writeFileSync(join(data, 'meta.properties'), `version=1\ncluster.id=${clusterId}\nnode.id=${id}\n`);
}

async function untilSettled(brokers: readonly KafkaBroker[], timeoutMs: number): Promise<void> {
  const late = AbortSignal.timeout(timeoutMs);
  for (;;) {
    const running = brokers.filter((broker) => broker.state === 'running');
    const views = await Promise.all(running.map(({ port }) => listBrokers(port).catch(() => [])));
    if (views.every((view) => view.length === running.length && running.every(({ id }) => view.some((seen) => seen.id === id)))) return;
    if (late.aborted) {
      const seen = views.map((view) => `[${view.map(({ id }) => id).join(' ')}]`);
      throw new Error(`after ${timeoutMs} ms the ${running.length} running brokers still see ${seen.join(' ')}`);
    }
    await delay(50);
  }
}
