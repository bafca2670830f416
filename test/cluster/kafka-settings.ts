/** How a broker is set up here: as in production where a client could tell, small and quick where it could not. */
import { host } from './ports.ts';

export interface BrokerPorts {
  readonly id: number;
  readonly plain: number;
  readonly controller: number;
  readonly sasl?: number;
  /** It listens here, and says that it does there. */
  readonly proxied?: { readonly listen: number; readonly advertise: number };
}

export type KafkaSettings = Record<string, string | number | boolean>;

/** @param all of the cluster, `mine` among them. */
export function brokerSettings(mine: BrokerPorts, all: readonly BrokerPorts[], data: string): KafkaSettings {
  const replicas = all.length;
  const clients = [`PLAINTEXT://${host}:${mine.plain}`, ...(mine.sasl === undefined ? [] : [`SASL_SSL://${host}:${mine.sasl}`])];
  const proxied = (side: 'listen' | 'advertise'): string[] => (mine.proxied === undefined ? [] : [`PROXIED://${host}:${mine.proxied[side]}`]);
  return {
    'process.roles': 'broker,controller',
    'node.id': mine.id,
    'listeners': [...clients, ...proxied('listen'), `CONTROLLER://${host}:${mine.controller}`].join(','),
    'advertised.listeners': [...clients, ...proxied('advertise')].join(','),
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT,SASL_SSL:SASL_SSL',
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': all.map(({ id, controller }) => `${id}@${host}:${controller}`).join(','),
    'log.dirs': data,
    'auto.create.topics.enable': false,
    'default.replication.factor': replicas,
    'min.insync.replicas': Math.min(2, replicas),
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': Math.min(2, replicas),
    'transaction.state.log.num.partitions': 4,
    // A broker that died is noticed in 3 s, and one that was killed may come back after as long.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    'replica.lag.time.max.ms': 5_000,
    'group.initial.rebalance.delay.ms': 0,
    // Files of a deleted topic or of trimmed records are gone soon, so that a test can see it.
    'log.segment.delete.delay.ms': 500,
    'log.retention.check.interval.ms': 1_000,
    'log.initial.task.delay.ms': 500,
    'log.cleaner.dedupe.buffer.size': 2_097_152,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'num.replica.fetchers': 2,
    // Two processors have enough to do.
    'background.threads': 2,
  };
}

/** As Kafka reads it. */
export function settingsText(settings: KafkaSettings): string {
  return `${Object.entries(settings).map(([name, value]) => `${name}=${String(value)}`).join('\n')}\n`;
}
