/** What is fetched: the name of its folder in the cache says the version, so that a newer one never meets an older one's files. */
export const kafkaVersion = '4.3.1';
export const registryVersion = '2.6.13.Final';

export const versions = {
  kafka: `kafka-${kafkaVersion}-1`,
  registry: `registry-${registryVersion}-1`,
  minio: 'minio-1',
} as const;
