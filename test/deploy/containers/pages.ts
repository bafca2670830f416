/** Blocks of the documentation that need Docker or Kubernetes, run as they stand, on the ports that they name. */
import { strict as assert } from 'node:assert';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { containerPages, textOf } from '../../docs/pages.ts';
import { runContainers, type Containers, type ContainerTools } from '../../docs/run-page.ts';
import { environmentFile } from '../compose-file.ts';
import { startDocker, type Docker } from '../docker.ts';
import { startKubernetes, type Kubernetes } from '../kubernetes/kubernetes.ts';
import { Load } from '../kubernetes/load.ts';
import { dockerPlugins } from '../plugins.ts';
import { nodeImage, thirdPartyImages } from '../stand-ins.ts';
import { missingForKubernetes } from '../tools.ts';

describe('what the pages show of containers is what happens', { skip: missingForKubernetes() }, () => {
  let docker: Docker;
  before(async () => {
    docker = await startDocker();
    await dockerPlugins(docker);
    await nodeImage(docker);
    await thirdPartyImages(docker, await environmentFile());
  });
  after(async () => { await docker[Symbol.asyncDispose](); });

  async function follow(page: string, wanted: Containers, tools: ContainerTools): Promise<void> {
    const results = await runContainers(textOf(page), wanted, tools);
    assert.ok(results.length > 0, page);
    for (const { block, outcome } of results) assert.equal(outcome.kind, 'held', `${page}, ${block}\n${'why' in outcome ? outcome.why : ''}`);
  }

  for (const page of containerPages) {
    test(`${page}: compose`, async () => {
      await follow(page, 'compose', { environment: docker.environment, places: {} });
      const left = await docker.run(['ps', '--all', '--format', '{{ .Names }}']);
      assert.equal(left, '', 'the page stops what it starts');
      const volumes = (await docker.run(['volume', 'ls', '--quiet'])).split('\n').filter((name) => name !== '');
      if (volumes.length > 0) await docker.run(['volume', 'rm', ...volumes]);
    });
  }

  describe('Kubernetes', () => {
    let kubernetes: Kubernetes;
    let tools: ContainerTools;
    before(async () => {
      kubernetes = await startKubernetes(docker);
      tools = {
        environment: { ...docker.environment, KUBECONFIG: kubernetes.kubeconfig, PATH: kubernetes.programs },
        places: { 'registry.example': kubernetes.registry },
      };
    });
    after(async () => { await kubernetes[Symbol.asyncDispose](); });

    /** Of a Service, which this machine reaches as pods do. */
    async function addressOf(kind: string, port: number): Promise<string> {
      const service = ['service', `vectors-proximadb-${kind}`, '--namespace', 'vectors'];
      return `http://${await kubernetes.kubectl(['get', ...service, '--output', 'jsonpath={.spec.clusterIP}'])}:${port}`;
    }

    /** Those of an older release may still be ending. */
    async function assertRuns(version: string): Promise<void> {
      const wanted = Array.from({ length: 6 }, () => `${kubernetes.registry}/proximadb:${version}`);
      const ask = ['get', 'pods', '--namespace', 'vectors', '--output', 'jsonpath={.items[*].spec.containers[*].image}'];
      let found: string[] = [];
      for (const untilMs = performance.now() + 120_000; performance.now() < untilMs; await delay(500)) {
        found = (await kubernetes.kubectl(ask)).split(' ');
        if (found.length === wanted.length && found.every((image, at) => image === wanted[at])) return;
      }
      assert.deepEqual(found, wanted);
    }

    // In this order: the second upgrades what the first installs.
    test('docs/start.md: Kubernetes', async () => {
      await follow('docs/start.md', 'kubernetes', tools);
      await assertRuns('0.1.0');
    });

    test('docs/deployment.md: Kubernetes; nobody notices the upgrade', async () => {
      const [gateway, query] = await Promise.all([addressOf('gateway', 5678), addressOf('query', 5688)]);
      await using load = new Load(gateway, query, 'words');
      await follow('docs/deployment.md', 'kubernetes', tools);
      await assertRuns('0.2.0');
      const { writes, searches, failures } = await load.stop();
      assert.deepEqual(failures, []);
      assert.ok(writes > 100 && searches > 100, `${writes} writes, ${searches} searches`);
      // Through the API server, which knows the Service.
      const service = '/api/v1/namespaces/vectors/services/vectors-proximadb-query:rest/proxy';
      const found = JSON.parse(await kubernetes.kubectl(['get', '--raw', `${service}/v1/collections/words/records/king`])) as { id: string };
      assert.equal(found.id, 'king', 'what was written before is there');
    });
  });
});
