/** Our image, from the Dockerfile. */
import { root } from './compose-file.ts';
import { podman } from './podman.ts';
import { nodeImage } from './stand-ins.ts';

/** Layers of an earlier build are used again: what did not change costs nothing. */
export async function buildImage(name: string): Promise<void> {
  await nodeImage();
  await podman(['build', '--quiet', '--network', 'host', '--file', 'deploy/image/Dockerfile', '--tag', name, '.'], { cwd: root, timeoutMs: 1_200_000 });
}
