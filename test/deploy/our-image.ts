/** Our image, from the Dockerfile. */
import { root } from './compose-file.ts';
import type { Docker } from './docker.ts';
import { nodeImage } from './stand-ins.ts';

/** Layers of an earlier build are used again: what did not change costs nothing. */
export async function buildImage(docker: Docker, name: string): Promise<void> {
  await nodeImage(docker);
  await docker.run(['build', '--quiet', '--file', 'deploy/image/Dockerfile', '--tag', name, '.'], { cwd: root, timeoutMs: 1_200_000 });
}
