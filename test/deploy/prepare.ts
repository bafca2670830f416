// Makes everything that the tests of deploy/ need and that takes long: run ahead, so that no test waits for it.
import { environmentFile } from './compose-file.ts';
import { startDocker } from './docker.ts';
import { dockerPlugins } from './plugins.ts';
import { kubernetesProgram } from './kubernetes/program.ts';
import { nodeImage, thirdPartyImages } from './stand-ins.ts';
import { helmProgram, missingForContainers, missingForHelm, missingForKubernetes, python3 } from './tools.ts';

async function step(what: string, work: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  await work();
  console.log(`${what}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

const withoutHelm = missingForHelm();
if (withoutHelm === false) {
  await step('helm', helmProgram);
  await step('Python packages', () => python3(['-c', 'pass']));
} else console.log(withoutHelm);
const withoutContainers = missingForContainers();
if (withoutContainers === false) {
  await using docker = await startDocker();
  await step('docker compose', () => dockerPlugins(docker));
  await step('base image', () => nodeImage(docker));
  await step('images of third parties', async () => { await thirdPartyImages(docker, await environmentFile()); });
} else console.log(withoutContainers);
const withoutKubernetes = missingForKubernetes();
if (withoutKubernetes === false) await step('Kubernetes', kubernetesProgram);
else console.log(withoutKubernetes);
