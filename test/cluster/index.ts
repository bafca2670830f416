/** The real parts of a cluster, on one machine, without containers. */
export { startAlone, type PartOptions } from './alone.ts';
export { isProvisioned, provision } from './cache.ts';
export type { Stoppable } from './child.ts';
export { commandEnvironment, commandFlags, commandLine } from './command.ts';
export { startKafka, type Kafka, type KafkaBroker, type KafkaOptions } from './kafka.ts';
export { missingForCluster, startCluster, type Cluster, type ClusterOptions } from './cluster.ts';
export type { ClusterProcess, IndexerProcess, ProcessKind, ProcessSettings } from './cluster-processes.ts';
export { apiKeys, listBrokers, type BrokerAddress } from './kafka-protocol.ts';
export type { KafkaSasl } from './kafka-sasl.ts';
export { kafkaTool } from './kafka-software.ts';
export { startMinio, type Minio } from './minio.ts';
export { missing, type Part } from './missing.ts';
export { freePort, freePorts } from './ports.ts';
export { missingPython, pythonClient, pythonEnvironment, pythonProgram, pythonWheels } from './python-client.ts';
export { startRedis, startRedisCluster, startRedisSentinel, type Redis, type RedisCluster, type RedisSentinel } from './redis.ts';
export { redisCommand } from './redis-protocol.ts';
export { runProgram, type ProgramOptions } from './run-program.ts';
export { startRegistry, type Registry, type RegistryOptions } from './registry.ts';
export { s3Request, type S3Access, type S3Request } from './s3-request.ts';
export {
  sharedKafka, sharedMinio, sharedRedis, sharedRegistry, startShared,
  type SharedKafka, type SharedMinio, type SharedParts, type SharedRedis, type SharedRegistry,
} from './shared.ts';
export { answerTo, requestOf, startKafkaProxy, type KafkaApi, type KafkaFrame } from './kafka-proxy.ts';
export { startProxy, type Fault, type FaultOptions, FaultProxy, type Frame, type Framing, type ProxyTarget } from './proxy.ts';
