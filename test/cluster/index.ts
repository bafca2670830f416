/** The real parts of a cluster, on one machine, without containers. */
export type { Stoppable } from './child.ts';
export { startKafka, type Kafka, type KafkaBroker, type KafkaOptions } from './kafka.ts';
export { apiKeys, listBrokers, type BrokerAddress } from './kafka-protocol.ts';
export type { KafkaSasl } from './kafka-sasl.ts';
export { kafkaTool } from './kafka-software.ts';
export { missing, type Part } from './missing.ts';
export { freePort, freePorts } from './ports.ts';
export { sharedKafka, type SharedKafka } from './shared.ts';
