/** The log through a listener as managed Kafkas have it: SASL over TLS. */
import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { AppError, type Code } from '@proximadb/errors';
import { missing, startKafka, type Kafka } from '@proximadb/test-cluster';
import kafkajs from 'kafkajs';
import { readAll } from '../contract.ts';
import { offset, partition, type AppendEntry, type LogRecord } from '../index.ts';
import { KafkaLog, openKafkaReader, type KafkaLogOptions } from './index.ts';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka: Kafkajs, logLevel, ResourcePatternTypes } = kafkajs;
const isCode = (code: Code) => (error: unknown): boolean => error instanceof AppError && error.code === code;

describe('Kafka log: SASL over TLS', { skip: missing('kafka') }, () => {
  let kafka: Kafka;
  let options: KafkaLogOptions & { readonly sasl: NonNullable<KafkaLogOptions['sasl']> };
  before(async () => {
    kafka = await startKafka({
      sasl: true, settings: {
        'connections.max.reauth.ms': 12_000,
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer', 'allow.everyone.if.no.acl.found': true,
      },
    });
    assert.ok(kafka.sasl !== undefined);
    const { bootstrap, username, password, caFile } = kafka.sasl;
    options = { brokers: bootstrap, replicationFactor: 1, ssl: { caFile }, sasl: { mechanism: 'scram-sha-512', username, password } };
  });
  after(() => kafka[Symbol.asyncDispose]());
  const entry = (value: string): AppendEntry => ({ partition: partition(0), key: Buffer.from('k'), value: Buffer.from(value), headers: {} });
  const text = ({ value }: LogRecord): string => Buffer.from(value ?? []).toString();

  test('appends and reads with SCRAM and with PLAIN, and goes on when the broker asks who it is again', async () => {
    const topic = `secured-${randomUUID()}`;
    await using log = await KafkaLog.open(options);
    await log.createTopic(topic, 1);
    await using plain = await KafkaLog.open({ ...options, sasl: { ...options.sasl, mechanism: 'plain' } });
    const seen: string[] = [];
    const stop = new AbortController();
    const tail = (async () => {
      for await (const { records } of log.tail(topic, partition(0), offset(0), stop.signal)) seen.push(...records.map(text));
    })();
    // A session lasts 12 s, and kafkajs proves itself again 10 s before its end: each connection does so several times here.
    const untilMs = performance.now() + 7_000;
    let written = 0;
    while (performance.now() < untilMs) {
      await Promise.all([log.append(topic, [entry('scram')]), plain.append(topic, [entry('plain')]), log.extents(topic), plain.extents(topic)]);
      written += 2;
    }
    assert.equal((await readAll(plain, topic, 0)).length, written);
    while (seen.length < written) await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort();
    await tail;
    assert.equal(seen.filter((value) => value === 'plain').length, written / 2);
  });

  test('certificates may be PEM text; the options of a reader can be handed to another thread', async () => {
    const { caFile = '' } = typeof options.ssl === 'object' ? options.ssl : {};
    await using reader = await openKafkaReader(structuredClone({ ...options, ssl: { ca: readFileSync(caFile, 'utf8') } }));
    assert.equal(await reader.describeTopic('not-there'), undefined);
  });

  test('who is not trusted, or does not trust, is told why', async () => {
    const wrong = { ...options.sasl, password: 'wrong' };
    for (const mechanism of ['scram-sha-512', 'plain'] as const) {
      await assert.rejects(KafkaLog.open({ ...options, sasl: { ...wrong, mechanism } }), isCode('UNAUTHENTICATED'), mechanism);
    }
    const untrusting = KafkaLog.open({ ...options, ssl: true, openTimeoutMs: 1_000 });
    await assert.rejects(untrusting, (error) => isCode('UNAVAILABLE')(error) && /certificate/.test(String(error)));
    await assert.rejects(KafkaLog.open({ ...options, ssl: { caFile: '/not/there.pem' } }), /\/not\/there\.pem/);
  });

  test('a topic whose settings its user may not see says so, and is written and read all the same', async () => {
    const topic = `hidden-${randomUUID()}`;
    await using log = await KafkaLog.open(options);
    await log.createTopic(topic, 1);
    const admin = new Kafkajs({ brokers: [...kafka.bootstrap], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const rule = { resourceType: AclResourceTypes.TOPIC, resourceName: topic, resourcePatternType: ResourcePatternTypes.LITERAL, host: '*' };
    await admin.createAcls({
      acl: [
        { ...rule, principal: 'User:*', operation: AclOperationTypes.ALL, permissionType: AclPermissionTypes.ALLOW },
        { ...rule, principal: `User:${options.sasl.username}`, operation: AclOperationTypes.DESCRIBE_CONFIGS, permissionType: AclPermissionTypes.DENY },
      ],
    });
    await admin.disconnect();
    await assert.rejects(log.settingsAmiss(topic), (error) => isCode('PERMISSION_DENIED')(error) && /settings/.test(String(error)));
    await log.append(topic, [entry('all the same')]);
    assert.deepEqual((await readAll(log, topic, 0)).map(text), ['all the same']);
  });
});
