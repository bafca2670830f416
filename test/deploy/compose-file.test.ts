/** docker-compose.yml and .env as texts: what can be seen without running them. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { gatewayProcessConfig, indexerProcessConfig, queryProcessConfig } from '@proximadb/cluster';
import { loadConfig } from '@proximadb/process';
import { minioVersion } from '../cluster/versions.ts';
import { composeFile, environmentFile, root, type ComposeFile } from './compose-file.ts';
import { missingForHelm } from './tools.ts';

const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const schemas = { gateway: gatewayProcessConfig, query: queryProcessConfig, 'indexer-0': indexerProcessConfig, 'indexer-1': indexerProcessConfig };

describe('docker-compose.yml', { skip: missingForHelm() }, () => {
  let file: ComposeFile;
  let names: Record<string, string>;
  before(async () => {
    file = await composeFile();
    names = await environmentFile();
  });
  const filled = (value: unknown): string => String(value).replace(/\$\{(\w+)\}/g, (_, name: string) => names[name] ?? `(${name} is missing)`);

  test('asks .env for nothing that is not there, and leaves nothing of it unused', () => {
    const asked = new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name ?? ''));
    assert.deepEqual([...asked].sort(), Object.keys(names).filter((name) => name !== 'COMPOSE_PROJECT_NAME').sort());
  });

  test('every image has a version', () => {
    for (const [name, { image }] of Object.entries(file.services)) assert.match(filled(image), /^[\w.]+\/[\w./-]+:v?\d[\w.-]*$/, name);
  });

  test('the images that are built begin with one that has a version', () => {
    for (const path of ['deploy/image/Dockerfile', 'deploy/minio/Dockerfile']) {
      const bases = [...readFileSync(join(root, path), 'utf8').matchAll(/^(?:FROM|ARG NODE_IMAGE=) ?(docker\.io\S+)/gm)].map(([, base]) => base ?? '');
      assert.ok(bases.length > 0, path);
      for (const base of bases) assert.match(base, /:\d+\.\d+\.\d+-\w+/, path);
    }
    assert.ok(readFileSync(join(root, 'deploy/minio/Dockerfile'), 'utf8').includes(`ARG MINIO_VERSION=${minioVersion}\n`), 'the MinIO that the tests run');
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    assert.ok(names['IMAGE_PROXIMADB']?.endsWith(`:${version}`));
  });

  test('every service has limits and comes back, and who waits for another waits until it is healthy', () => {
    for (const [name, service] of Object.entries(file.services)) {
      const limits = service.deploy?.resources?.limits;
      assert.ok(limits?.cpus !== undefined && limits.memory !== undefined && limits.pids !== undefined, name);
      assert.equal(service.restart, 'unless-stopped', name);
      assert.ok(service.security_opt?.includes('no-new-privileges:true') === true || ['kafka', 'registry'].includes(name), name);
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        assert.equal(condition, 'service_healthy', `${name} on ${other}`);
        assert.ok((file.services[other]?.healthcheck?.test ?? []).length > 1, other);
      }
    }
  });

  test('ports are those of this machine alone', () => {
    const published = Object.values(file.services).flatMap(({ ports = [] }) => ports);
    assert.ok(published.length >= 6);
    for (const port of published) assert.match(filled(port), /^127\.0\.0\.1:\d+:\d+$/);
  });

  test('what has to outlive a container is in a volume', () => {
    const kept = Object.entries(file.services).flatMap(([name, { volumes = [] }]) =>
      (volumes.some((volume) => Object.keys(file.volumes).includes(volume.split(':')[0] ?? '')) ? [name] : []));
    assert.deepEqual(kept.sort(), ['grafana', 'indexer-0', 'indexer-1', 'kafka', 'minio', 'prometheus']);
  });

  test('the processes accept what it sets, and find every part by its name', () => {
    for (const [name, schema] of Object.entries(schemas)) {
      const environment = Object.fromEntries(Object.entries(file.services[name]?.environment ?? {}).map(([variable, value]) => [variable, filled(value)]));
      const { id, kafka, registry, redis, advertise, blobs } = loadConfig(schema, { environment, flags: {} }) as {
        id?: string; advertise?: string; kafka: { brokers: string[] }; registry: { url: string }; redis: { url: string }; blobs?: { endpoint: string };
      };
      assert.equal(id, name);
      const addresses = [...kafka.brokers, registry.url, redis.url, advertise ?? '', ...(blobs === undefined ? [] : [blobs.endpoint])];
      for (const address of addresses) assert.ok(Object.keys(file.services).includes(/^(?:\w+:\/\/)?([^:/]+)/.exec(address)?.[1] ?? ''), `${name}: ${address}`);
    }
  });

  test('each replica group has an indexer', () => {
    const groups = Object.entries(file.services).filter(([name]) => name.startsWith('indexer')).map(([, { environment }]) => environment?.['PROXIMADB_GROUP']);
    assert.deepEqual(groups.sort(), [0, 1]);
  });
});
