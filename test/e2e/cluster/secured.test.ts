/** A cluster whose Kafka asks who is there: SASL over TLS, and a certificate of the client, too, all by the configuration of the processes. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { missingForCluster, runProgram, startCluster } from '@proximadb/test-cluster';
import { callRest, runCommand } from '../server.ts';
import { until } from './until.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const skip = missingForCluster() || (hasOpenssl ? false : 'needs openssl, which makes a certificate: apt-get install openssl');

describe('a cluster whose Kafka wants SASL and a certificate', { skip }, () => {
  let folder: string;
  before(() => { folder = mkdtempSync(join(tmpdir(), 'proximadb-secured-')); });
  after(() => { rmSync(folder, { recursive: true }); });

  test('writes, follows its log and answers; a process without the certificate or with a wrong password says so and ends', async () => {
    const [certFile, keyFile] = [join(folder, 'client.pem'), join(folder, 'client.key')];
    await runProgram('openssl', [
      'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30', '-subj', '/CN=proximadb',
      '-keyout', keyFile, '-out', certFile,
    ]);
    const listener = 'listener.name.sasl_ssl';
    const certificate = { PROXIMADB_KAFKA_CERT_FILE: certFile, PROXIMADB_KAFKA_KEY_FILE: keyFile };
    await using cluster = await startCluster({
      gateways: 1, groups: 1, indexersPerGroup: 1, queries: 1, settings: { gateway: certificate, indexer: certificate, query: certificate },
      kafka: {
        sasl: true,
        settings: {
          [`${listener}.ssl.client.auth`]: 'required', [`${listener}.ssl.truststore.type`]: 'PEM', [`${listener}.ssl.truststore.location`]: certFile,
        },
      },
    });
    const [gateway] = cluster.gateways;
    const [query] = cluster.queries;
    assert.ok(gateway !== undefined && query !== undefined);
    assert.equal((await callRest(gateway.restPort, 'POST', '/v1/collections', { name: 'secret', dimension: 2 })).status, 200);
    const records = ['a', 'b', 'c'].map((id, at) => ({ id, vector: [at, 1] }));
    assert.equal((await callRest(gateway.restPort, 'PUT', '/v1/collections/secret/records', { records })).status, 200);
    await until('all are found', async () => {
      const { body } = await callRest(query.restPort, 'POST', '/v1/collections/secret/search', { vector: [0, 1], k: 3 });
      return ((body as { hits?: readonly unknown[] }).hits ?? []).length === 3;
    });

    const { kafka: { sasl }, registry, redis } = cluster;
    assert.ok(sasl !== undefined);
    const flags = [
      '--grpc-port', '0', '--rest-port', '0', '--registry-url', registry.url, '--redis-url', redis.url, '--kafka-brokers', sasl.bootstrap.join(','),
      '--kafka-ca-file', sasl.caFile, '--kafka-sasl-mechanism', 'scram-sha-512', '--kafka-username', sasl.username,
    ];
    const unknown = await runCommand(['gateway', ...flags, '--kafka-password', 'wrong', '--kafka-cert-file', certFile, '--kafka-key-file', keyFile]);
    assert.notEqual(unknown.code, 0);
    assert.match(unknown.output, /[Aa]uthentication failed/);
    const uncertified = await runCommand(['gateway', ...flags, '--kafka-password', sasl.password]);
    assert.notEqual(uncertified.code, 0);
    assert.match(uncertified.output, /no Kafka broker answers/);
  });
});
