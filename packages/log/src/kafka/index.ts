export { KafkaLog } from './kafka-log.ts';
export { KafkaReader, openKafkaReader } from './kafka-reader.ts';
export type { KafkaLogger, KafkaLogOptions, KafkaReaderOptions, KafkaSasl, KafkaTls } from './options.ts';
