/** `docker compose` and `docker build`'s builder: Debian has them since its release 13, whose files run on the one before. */
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openFolder } from '../cluster/folder.ts';
import type { Docker } from './docker.ts';
import { debian } from './stand-ins.ts';

/** Fetched at the first call on this machine, unless Docker has them. */
export async function dockerPlugins(docker: Docker): Promise<void> {
  const has = (plugin: string): Promise<boolean> => docker.run([plugin, 'version']).then(() => true, () => false);
  if (await has('compose') && await has('buildx')) return;
  const image = await debian(docker);
  await using work = openFolder('docker-plugins');
  await docker.run(['run', '--rm', '--volume', `${work.path}:/out`, image, 'sh', '-ec',
    'apt-get update -qq; cd /tmp; apt-get download -qq docker-compose docker-buildx; for file in *.deb; do dpkg -x "$file" /out; done']);
  const folder = join(docker.environment['DOCKER_CONFIG'] ?? '', 'cli-plugins');
  await mkdir(folder, { recursive: true });
  for (const plugin of ['docker-compose', 'docker-buildx']) {
    await copyFile(join(work.path, 'usr/libexec/docker/cli-plugins', plugin), join(folder, plugin));
    await chmod(join(folder, plugin), 0o755);
  }
}
