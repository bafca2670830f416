/** The Helm chart: what it renders is valid, and holds what its README promises. */
import { strict as assert } from 'node:assert';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { gatewayProcessConfig, indexerProcessConfig, queryProcessConfig } from '@proximadb/cluster';
import { loadConfig } from '@proximadb/process';
import { chartFolder, lint, render, selects, valuesFiles, workloads, type Container, type Labels, type Rendered } from './chart.ts';
import { root } from './compose-file.ts';
import { missingForHelm, python3 } from './tools.ts';
import { readmeWithTable } from './values-table.ts';

const kubernetesVersions = ['1.28.0', '1.31.0', '1.34.0', '1.37.0'];
/** Their schemas are the Prometheus operator's. */
const ofOthers = new Set(['ServiceMonitor', 'PrometheusRule']);

describe('the Helm chart', { skip: missingForHelm(), concurrency: 2 }, () => {
  const rendered = new Map<string, Rendered>();
  before(async () => {
    for (const file of await valuesFiles()) rendered.set(file, await render(file));
  });
  const chart = (name: string): Rendered => rendered.get(`ci/${name}.yaml`)!;
  const everyWorkload = (check: (workload: ReturnType<typeof workloads>[number], name: string) => void): void => {
    assert.ok(rendered.size >= 5);
    for (const [file, one] of rendered) {
      const all = workloads(one);
      assert.ok(all.length >= 3, file);
      for (const workload of all) check(workload, `${file}: ${workload.manifest.metadata.name}`);
    }
  };
  const everyContainer = (check: (container: Container, name: string) => void): void => {
    everyWorkload(({ pod }, name) => {
      assert.ok(pod.containers.length > 0, name);
      for (const container of pod.containers) check(container, name);
    });
  };

  test('helm finds no fault with it, whatever the values', async () => {
    for (const file of await valuesFiles()) assert.match(await lint(file), /0 chart\(s\) failed/);
  });

  test('every manifest is valid, strictly, for every supported release of Kubernetes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'proximadb-manifests-'));
    try {
      const files: string[] = [];
      for (const [file, { manifests }] of rendered) {
        const path = join(folder, `${file.replace(/\W/g, '-')}.yaml`);
        // JSON is YAML.
        await writeFile(path, manifests.filter(({ kind }) => !ofOthers.has(kind)).map((manifest) => JSON.stringify(manifest)).join('\n---\n'));
        files.push(path);
      }
      for (const version of kubernetesVersions) await python3(['-m', 'kubernetes_validate', '--kubernetes-version', version, '--strict', ...files]);
      // It does see mistakes.
      const wrong = join(folder, 'wrong.yaml');
      await writeFile(wrong, (await readFile(files[0]!, 'utf8')).replace('"maxUnavailable":', '"maxUnavailible":'));
      await assert.rejects(python3(['-m', 'kubernetes_validate', '--strict', wrong]), /maxUnavailible/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  describe('pods', () => {
    test('have limits, requests, and probes of their REST port', () => {
      everyContainer((container, name) => {
        for (const resource of ['cpu', 'memory']) {
          assert.ok(container.resources.limits?.[resource] !== undefined && container.resources.requests?.[resource] !== undefined, `${name}: ${resource}`);
        }
        assert.equal(container.resources.limits?.['memory'], container.resources.requests?.['memory'], `${name}: memory that is promised is there`);
        assert.deepEqual(container.livenessProbe?.httpGet, { path: '/health/live', port: 'rest' }, name);
        assert.deepEqual(container.startupProbe?.httpGet, { path: '/health/live', port: 'rest' }, name);
        assert.deepEqual(container.readinessProbe?.httpGet, { path: '/health/ready', port: 'rest' }, name);
        assert.ok(container.ports.some((port) => port.name === 'rest') && container.ports.some((port) => port.name === 'grpc'), name);
      });
    });

    test('keep to the restricted profile, and write to nothing but /tmp and the volume of an indexer', () => {
      everyWorkload(({ pod }, name) => {
        assert.deepEqual(pod.securityContext, {
          runAsNonRoot: true, runAsUser: 65_532, runAsGroup: 65_532, fsGroup: 65_532, fsGroupChangePolicy: 'OnRootMismatch',
          seccompProfile: { type: 'RuntimeDefault' },
        }, name);
        assert.equal(pod.automountServiceAccountToken, false, name);
      });
      everyContainer((container, name) => {
        assert.deepEqual(container.securityContext, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } }, name);
        const writable = container.volumeMounts.filter((mount) => (mount as { readOnly?: boolean }).readOnly !== true).map(({ mountPath }) => mountPath);
        assert.deepEqual(writable.sort(), container.name === 'indexer' ? ['/data', '/tmp'] : ['/tmp'], name);
      });
    });

    test('mount nothing that is not declared', () => {
      everyWorkload(({ pod, manifest }, name) => {
        const claims = (manifest.spec['volumeClaimTemplates'] as { metadata: { name: string } }[] | undefined ?? []).map(({ metadata }) => metadata.name);
        const declared = [...pod.volumes.map((volume) => volume.name), ...claims].sort();
        assert.deepEqual(pod.containers.flatMap(({ volumeMounts }) => volumeMounts.map((mount) => mount.name)).sort(), declared, name);
      });
    });

    test('are given longer to end than their preStop, their leaving and their drain take', async () => {
      everyWorkload(({ pod, manifest }, name) => {
        const [container] = pod.containers;
        const preStopSeconds = Number(container!.lifecycle?.preStop.exec.command[1] ?? 0);
        const file = [...rendered.values()].flatMap(({ manifests }) => manifests)
          .find(({ kind, data }) => kind === 'ConfigMap' && data?.[`${container!.name}.json`] !== undefined);
        const { graceMs } = JSON.parse(file!.data![`${container!.name}.json`]!) as { graceMs: number };
        const leaveMs = Number(container!.env.find((variable) => variable.name === 'PROXIMADB_LEAVE_MS')?.value ?? 0);
        assert.ok(pod.terminationGracePeriodSeconds >= preStopSeconds + (leaveMs + graceMs) / 1_000 + (manifest.kind === 'StatefulSet' ? 30 : 5), name);
      });
      const all = workloads(await render('ci/minimal.yaml', 'gateway.graceMs=45500', 'gateway.preStopSeconds=30'));
      const one = all.find(({ pod }) => pod.containers[0]!.name === 'gateway')!;
      assert.ok(one.pod.terminationGracePeriodSeconds >= 80);
      assert.deepEqual(one.pod.containers[0]!.lifecycle?.preStop.exec.command, ['sleep', '30']);
      for (const [groups, waitsMs] of [[1, undefined], [2, '99500']] as const) {
        const rendered = workloads(await render('ci/minimal.yaml', 'indexer.leaveMs=99500', `indexer.groups=${groups}`));
        const { env } = rendered.find(({ pod }) => pod.containers[0]!.name === 'indexer')!.pod.containers[0]!;
        assert.equal(env.find((variable) => variable.name === 'PROXIMADB_LEAVE_MS')?.value, waitsMs, `${groups} groups`);
      }
    });

    test('spread over nodes and zones', () => {
      everyWorkload(({ pod }, name) => {
        assert.ok(pod.topologySpreadConstraints.some(({ topologyKey }) => topologyKey === 'topology.kubernetes.io/zone'), name);
        assert.ok(pod.affinity !== undefined, name);
      });
    });

    test('are replaced when their configuration changes, and only then', async () => {
      const before = workloads(chart('minimal'));
      const after = workloads(await render('ci/minimal.yaml', 'query.config.callsMax=7'));
      const configs = (all: typeof before): Labels => Object.fromEntries(all.map(({ manifest }) =>
        [manifest.metadata.name, manifest.spec.template!.metadata.annotations['proximadb/config']!]));
      const changed = Object.entries(configs(after)).filter(([name, config]) => configs(before)[name] !== config).map(([name]) => name);
      assert.deepEqual(changed, ['release-proximadb-query']);
    });
  });

  describe('configuration', () => {
    const schemas = { gateway: gatewayProcessConfig, query: queryProcessConfig, indexer: indexerProcessConfig };
    /** As the process will read it: file and variables, with something in the place of secrets. */
    const configOf = ({ pod, manifest }: ReturnType<typeof workloads>[number], one: Rendered): Record<string, unknown> => {
      const container = pod.containers[0]!;
      const kind = container.name as keyof typeof schemas;
      const map = pod.volumes.find(({ name }) => name === 'config')!.configMap!.name;
      const environment = Object.fromEntries(container.env.map(({ name, value, valueFrom }) => {
        const secret = valueFrom?.secretKeyRef === undefined ? undefined : name.includes('REDIS') ? 'redis://:secret@redis:6379' : 'http://secret';
        return [name, (value ?? secret ?? 'filled-in').replaceAll('$(POD_NAME)', `${manifest.metadata.name}-0`).replaceAll('$(POD_IP)', '10.0.0.1')];
      }));
      return loadConfig(schemas[kind], {
        file: one.one('ConfigMap', map).data?.[`${kind}.json`] ?? '', environment, flags: {}, otherVariables: ['PROXIMADB_CONFIG'],
      });
    };

    test('is accepted by the processes, and names every part', () => {
      for (const [file, one] of rendered) {
        for (const workload of workloads(one)) {
          const config = configOf(workload, one) as { kafka: { brokers: string[] }; redis: { url: string }; registry: { url: string }; host: string };
          assert.ok(config.kafka.brokers.every((broker) => !broker.startsWith('127.')), file);
          for (const url of [config.redis.url, config.registry.url]) assert.doesNotMatch(url, /127\.0\.0\.1/, file);
          assert.equal(config.host, '0.0.0.0');
        }
      }
    });

    test('has the ports that probes and Services go to', () => {
      for (const [file, one] of rendered) {
        for (const workload of workloads(one)) {
          const { restPort, grpcPort } = configOf(workload, one) as { restPort: number; grpcPort: number };
          const ports = Object.fromEntries(workload.pod.containers[0]!.ports.map(({ name, containerPort }) => [name, containerPort]));
          assert.deepEqual(ports, { rest: restPort, grpc: grpcPort }, file);
        }
      }
    });

    test('gives each indexer its group, a name that stays, and an address that the headless Service has', () => {
      const one = chart('managed');
      const sets = one.of('StatefulSet');
      assert.equal(sets.length, 3);
      const groups = sets.map((manifest) => {
        const workload = workloads(one).find((each) => each.manifest === manifest)!;
        const config = configOf(workload, one) as { id: string; group: number; advertise: string; indexer: { threads: number }; data: string };
        assert.equal(config.id, `${manifest.metadata.name}-0`);
        const service = one.one('Service', manifest.spec['serviceName'] as string);
        assert.equal(config.advertise, `${config.id}.${service.metadata.name}.vectors.svc.cluster.local:5699`);
        assert.equal(service.spec['clusterIP'], 'None');
        assert.equal(service.spec['publishNotReadyAddresses'], true);
        assert.deepEqual([config.indexer.threads, config.data], [7, '/data']);
        return config.group;
      });
      assert.deepEqual(groups, [0, 1, 2]);
    });

    test('takes any option of a process, over what the chart says', () => {
      const one = chart('managed');
      const gateway = configOf(workloads(one).find(({ pod }) => pod.containers[0]!.name === 'gateway')!, one) as { callsMax: number; installation: string };
      assert.deepEqual([gateway.callsMax, gateway.installation], [2048, 'search']);
    });

    test('holds no secret: they are references, by name', () => {
      const one = chart('strimzi');
      assert.equal(one.of('Secret').length, 0);
      const secretsOf = ({ env }: Container): Labels => Object.fromEntries(env.flatMap(({ name, valueFrom }) => {
        const reference = valueFrom?.secretKeyRef;
        return reference === undefined ? [] : [[name, `${reference.name}/${reference.key}`]];
      }));
      const references = new Map(workloads(one).flatMap(({ pod }) => pod.containers.map((container) => [container.name, secretsOf(container)])));
      const all = { PROXIMADB_KAFKA_PASSWORD: 'proximadb-scram/password', PROXIMADB_REDIS_URL: 'proximadb-redis/url' };
      assert.deepEqual(references.get('gateway'), all);
      const s3 = { AWS_ACCESS_KEY_ID: 'proximadb-s3/accessKeyId', AWS_SECRET_ACCESS_KEY: 'proximadb-s3/secretAccessKey' };
      assert.deepEqual(references.get('indexer'), { ...all, ...s3 });
      const mounted = workloads(one).map(({ pod }) => pod.volumes.flatMap(({ secret }) => secret?.secretName ?? []).sort());
      assert.deepEqual(mounted, mounted.map(() => ['logs-cluster-ca-cert', 'proximadb']));
    });
  });

  describe('objects fit together', () => {
    test('selectors match the pods that they are for, and no others', () => {
      for (const [file, one] of rendered) {
        const pods = workloads(one);
        const matched = (selector: Labels): string[] => pods.filter(({ labels }) => selects(selector, labels)).map(({ pod }) => pod.containers[0]!.name);
        for (const { manifest, labels } of pods) {
          assert.ok(selects(manifest.spec.selector!.matchLabels!, labels), `${file}: ${manifest.metadata.name}`);
          assert.equal(matched(manifest.spec.selector!.matchLabels!).length, 1, `${file}: ${manifest.metadata.name}`);
        }
        for (const service of one.of('Service')) {
          const kinds = matched(service.spec.selector as Labels);
          const own = service.metadata.labels['app.kubernetes.io/component'];
          assert.ok(kinds.length > 0 && kinds.every((kind) => kind === own), `${file}: ${service.metadata.name}`);
        }
      }
    });

    test('every workload has a budget; that of the indexers is over all groups', () => {
      const one = chart('managed');
      const budgets = one.of('PodDisruptionBudget');
      for (const { manifest, labels } of workloads(one)) {
        assert.equal(budgets.filter(({ spec }) => selects(spec.selector!.matchLabels!, labels)).length, 1, manifest.metadata.name);
      }
      const [indexers] = budgets.filter(({ metadata }) => metadata.name.endsWith('-indexer'));
      assert.equal(workloads(one).filter(({ labels }) => selects(indexers!.spec.selector!.matchLabels!, labels)).length, 3);
      assert.equal(indexers!.spec['maxUnavailable'], 1);
    });

    test('an autoscaler aims at a workload that is there and that has no number of its own', () => {
      const one = chart('managed');
      const scalers = one.of('HorizontalPodAutoscaler');
      assert.equal(scalers.length, 5);
      for (const { spec } of scalers) {
        const target = spec['scaleTargetRef'] as { kind: string; name: string };
        assert.equal(one.one(target.kind, target.name).spec.replicas, undefined);
        const [metric, ...others] = spec['metrics'] as { type: string; resource?: { name: string }; pods?: { metric: { name: string } } }[];
        assert.deepEqual(others, []);
        const measured = target.kind === 'Deployment' ? ['Resource', 'cpu'] : ['Pods', 'proximadb_lag_records'];
        assert.deepEqual([metric?.type, metric?.resource?.name ?? metric?.pods?.metric.name], measured, target.name);
      }
      assert.ok(workloads(chart('minimal')).every(({ manifest }) => manifest.spec.replicas !== undefined));
    });

    test('a rolling update takes no gateway and no query service away, and one indexer at a time', () => {
      for (const { spec } of chart('minimal').of('Deployment')) {
        assert.deepEqual(spec['strategy'], { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
      }
      for (const { spec } of chart('minimal').of('StatefulSet')) {
        assert.equal(spec['podManagementPolicy'], 'Parallel');
        assert.deepEqual(spec['updateStrategy'], { type: 'RollingUpdate', rollingUpdate: { partition: 0 } });
      }
    });

    test('an upgrade can be held to one replica group', () => {
      const one = chart('upgrade');
      const partitions = one.of('StatefulSet').map(({ spec }) => (spec['updateStrategy'] as { rollingUpdate: { partition: number } }).rollingUpdate.partition);
      assert.deepEqual(partitions, [0, 1000]);
      assert.ok(one.of('Deployment').every(({ spec }) => spec.paused === true));
      assert.ok(chart('minimal').of('Deployment').every(({ spec }) => spec.paused === false));
    });

    test('the account of the pods has no token', () => {
      for (const account of chart('managed').of('ServiceAccount')) assert.equal(account.automountServiceAccountToken, false);
      assert.equal(chart('small').of('ServiceAccount').length, 0);
      assert.ok(workloads(chart('small')).every(({ pod }) => pod.serviceAccountName === 'default'));
    });
  });

  test('network policies deny everything, then let through what is needed', () => {
    interface Policy { podSelector: { matchLabels: Labels }; policyTypes: string[]; ingress?: unknown[]; egress?: unknown[] }
    const one = chart('strimzi');
    const policy = (name: string): Policy => one.one('NetworkPolicy', `release-proximadb-${name}`).spec as unknown as Policy;
    const deny = policy('deny');
    assert.ok(workloads(one).every(({ labels }) => selects(deny.podSelector.matchLabels, labels)));
    assert.deepEqual([deny.policyTypes, deny.ingress, deny.egress], [['Ingress', 'Egress'], undefined, undefined]);
    assert.match(JSON.stringify(policy('parts').egress), /"port":9093.*"kafka"/);
    assert.match(JSON.stringify(policy('parts').egress), /"port":53/);
    // Only gateways and query services reach an indexer's shards, and only its gRPC.
    const indexer = policy('indexer');
    assert.equal(indexer.ingress!.length, 1);
    assert.match(JSON.stringify(indexer.ingress), /"values":\["gateway","query"\]/);
    assert.match(JSON.stringify(indexer.ingress), /"ports":\[\{"port":"grpc"/);
    assert.match(JSON.stringify(indexer.egress), /"port":9000.*"storage"/);
    assert.equal(chart('small').of('NetworkPolicy').length, 0);
  });

  test('monitors, alerts and dashboard are those of deploy/dashboards', async () => {
    for (const file of ['alerts.yml', 'proximadb.json']) {
      assert.equal(await readFile(join(chartFolder, 'files', file), 'utf8'), await readFile(join(root, 'deploy/dashboards', file), 'utf8'), file);
    }
    const one = chart('strimzi');
    assert.ok((one.of('PrometheusRule')[0]!.spec['groups'] as unknown[]).length > 0);
    const dashboard = one.one('ConfigMap', 'release-proximadb-dashboard');
    assert.equal((JSON.parse(dashboard.data!['proximadb.json']!) as { title: string }).title, 'ProximaDB');
    const monitor = one.of('ServiceMonitor')[0]!.spec as unknown as { selector: { matchLabels: Labels } };
    const scraped = one.of('Service').map(({ metadata }) => metadata.labels)
      .filter((labels) => selects(monitor.selector.matchLabels, labels) && labels['proximadb/headless'] === undefined);
    assert.deepEqual(scraped.map((labels) => labels['app.kubernetes.io/component']).sort(), ['gateway', 'indexer', 'query']);
    assert.equal(chart('minimal').of('ServiceMonitor').length + chart('minimal').of('PrometheusRule').length, 0);
  });

  for (const [setting, named] of [
    ['gateway.replica=3', 'replica'], ['gateway.replicas=-1', 'replicas'], ['gateway.replicas=two', 'replicas'], ['unknown=1', 'unknown'],
    ['kafka.brokers={kafka}', 'brokers'], ['kafka.sasl.mechanism=gssapi', 'mechanism'], ['redis.url=http://redis', 'url'], ['blobs.url=/data', 'url'],
    ['registry.url=registry:8081', 'url'], ['logLevel=loud', 'logLevel'], ['image.tag=latest', 'tag'], ['image.digest=sha256:1', 'digest'],
    ['indexer.groups=0', 'groups'], ['indexer.persistence.size=50', 'size'], ['indexer.persistence.accessMode=ReadWriteMany', 'accessMode'],
    ['query.resources.limits=null', 'resources'], ['gateway.extraEnv[0].name=PROXIMADB_HOST', 'extraEnv'],
    ['podDisruptionBudget.maxUnavailable=0', 'maxUnavailable'], ['networkPolicy.kafka.ports={70000}', 'ports'],
  ] as const) {
    test(`${setting} is refused`, async () => {
      await assert.rejects(render('ci/minimal.yaml', setting), (error: Error) => {
        assert.match(error.message, /values don't meet the specifications of the schema/);
        assert.ok(error.message.includes(named), error.message);
        return true;
      });
    });
  }

  for (const [setting, message] of [
    ['kafka.brokers=null', /kafka\.brokers/], ['registry.url=', /registry\.url/], ['redis.url=', /redis\.url/], ['blobs.url=', /blobs\.url/],
    ['kafka.sasl.mechanism=plain', /kafka\.sasl\.existingSecret/], ['kafka.tls.caSecret=ca', /not enabled/], ['rollout.groups={5}', /there is no group 5/],
  ] as const) {
    test(`${setting} says what is missing`, async () => {
      await assert.rejects(render('ci/minimal.yaml', setting), message);
    });
  }

  test('the table in the README is that of values.yaml', async () => {
    assert.equal(await readFile(join(chartFolder, 'README.md'), 'utf8'), await readmeWithTable(), 'node test/deploy/values-table.ts writes it');
  });
});
