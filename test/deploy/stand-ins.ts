/**
 * Images under the names of third-party ones, made of Debian and of the same programs: for machines that reach Debian's packages but no
 * image registry. What is tested with them is ours: the Dockerfile, the compose file, the processes. Made once, and kept.
 */
import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { provision } from '../cluster/cache.ts';
import { openFolder } from '../cluster/folder.ts';
import { kafkaSoftware } from '../cluster/kafka-software.ts';
import { copyArtifact } from '../cluster/maven.ts';
import { minioProgram } from '../cluster/minio.ts';
import { runProgram } from '../cluster/run-program.ts';
import { root } from './compose-file.ts';
import type { Docker } from './docker.ts';

const debianName = 'localhost/proximadb-stand-in/debian:trixie';
const parts = 'localhost/proximadb-stand-in/parts:trixie';
const certificates = '/etc/ssl/certs/ca-certificates.crt';
/** Of the stand-in's own file, in a label: another text is another image. */
const recipeLabel = 'proximadb.stand-in';

interface StandIn {
  readonly name: string;
  readonly file: string;
  /** Puts into the folder what `file` copies. */
  readonly fill?: (folder: string) => Promise<void>;
}

/** Debian. @returns the image's name. */
export async function debian(docker: Docker): Promise<string> {
  if (await docker.run(['image', 'inspect', debianName]).then(() => true, () => false)) return debianName;
  await using work = openFolder('debootstrap');
  const tree = join(work.path, 'tree');
  await runProgram('debootstrap', ['--variant=minbase', '--include=ca-certificates', 'trixie', tree]);
  const archive = join(work.path, 'tree.tar');
  const left = ['--exclude=./var/cache/apt/archives/*.deb', '--exclude=./var/lib/apt/lists/*'];
  await runProgram('tar', ['--create', '--file', archive, '--directory', tree, ...left, '.']);
  await docker.run(['import', '--change', 'CMD ["/bin/bash"]', archive, debianName]);
  return debianName;
}

/** @returns names that the Dockerfiles of this repository begin with. */
export function nodeImage(docker: Docker): Promise<void> {
  return make(docker, {
    name: nodeImageName,
    file: `FROM ${debianName}\nCOPY node /usr/local/bin/node\nCOPY npm /usr/local/lib/node_modules/npm\n`
      + `COPY certificates.crt ${certificates}\n`
      + 'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && useradd --uid 1000 --create-home node\n'
      + `ENV NODE_EXTRA_CA_CERTS=${certificates}\n`,
    async fill(folder) {
      // Whatever this machine trusts, e.g. a proxy in front of the package registries.
      await cp(certificates, join(folder, 'certificates.crt'));
      await cp(process.execPath, join(folder, 'node'));
      // Its command is a link to npm/bin/npm-cli.js.
      const command = await realpath((await runProgram('sh', ['-c', 'command -v npm'])).trim());
      await cp(dirname(dirname(command)), join(folder, 'npm'), { recursive: true });
    },
  });
}
export const nodeImageName = 'docker.io/library/node:24.21.0-trixie-slim';

/** What holds the network of a pod in Kubernetes. @returns the image's name. */
export async function pauseImage(docker: Docker): Promise<string> {
  const name = 'localhost/proximadb-stand-in/pause:1';
  await make(docker, { name, file: `FROM ${debianName}\nCMD ["sleep", "infinity"]\n` });
  return name;
}

/** What builds MinIO in its Dockerfile. */
async function goImageName(): Promise<string> {
  const [, name] = /^FROM (\S+golang\S+)/m.exec(await readFile(join(root, 'deploy', 'minio', 'Dockerfile'), 'utf8')) ?? [];
  if (name === undefined) throw new Error('deploy/minio/Dockerfile does not begin with Go');
  return name;
}

/** @param names of .env. */
export async function thirdPartyImages(docker: Docker, names: Readonly<Record<string, string>>): Promise<void> {
  await make(docker, {
    name: parts,
    file: `FROM ${debianName}\nRUN apt-get update -qq && apt-get install -y -qq --no-install-recommends openjdk-21-jre-headless redis-server prometheus`
      + ' && apt-get clean && rm -rf /var/lib/apt/lists/*\n',
  });
  const image = (name: string): string => {
    const value = names[name];
    if (value === undefined) throw new Error(`.env has no ${name}`);
    return value;
  };
  await make(docker, {
    name: image('IMAGE_KAFKA'),
    file: `FROM ${parts}\nRUN useradd --uid 1000 appuser && install -d -o appuser /opt/kafka /opt/kafka/config /var/lib/kafka/data\n`
      + 'COPY --chown=appuser kafka /opt/kafka\nCOPY run /etc/kafka/docker/run\nUSER appuser\nVOLUME ["/var/lib/kafka/data"]\n'
      + 'CMD ["/etc/kafka/docker/run"]\n',
    async fill(folder) {
      const software = await kafkaSoftware();
      await mkdir(join(folder, 'kafka'));
      await cp(join(software.folder, 'lib'), join(folder, 'kafka', 'lib'), { recursive: true });
      await cp(join(software.folder, 'log4j2.properties'), join(folder, 'kafka', 'log4j2.properties'));
      await cp(join(import.meta.dirname, 'stand-ins', 'kafka-run.sh'), join(folder, 'run'));
      await chmod(join(folder, 'run'), 0o755);
    },
  });
  await make(docker, {
    name: image('IMAGE_REGISTRY'),
    file: `FROM ${parts}\nCOPY registry /deployments\nUSER 185\nWORKDIR /deployments\n`
      + 'CMD ["/bin/sh", "-c", "exec java $JAVA_OPTS_APPEND -XX:+UseSerialGC -Dquarkus.http.host=0.0.0.0 -jar quarkus-run.jar"]\n',
    async fill(folder) {
      const version = image('IMAGE_REGISTRY').split(':').at(-1) ?? '';
      const software = await provision(`registry-image-${version}`, async (draft) => {
        await using work = openFolder('registry-image');
        await copyArtifact(work.path, `io.apicurio:apicurio-registry-app:${version}:tar.gz:all`);
        await runProgram('sh', ['-c', 'for file in *.tar.gz; do tar xzf "$file" -C "$1"; done', 'sh', draft], { cwd: work.path });
      });
      await cp(software, join(folder, 'registry'), { recursive: true });
    },
  });
  // Redis's own image is built without the protected mode, which refuses everybody from another address.
  await make(docker, {
    name: image('IMAGE_REDIS'),
    file: `FROM ${parts}\nRUN printf '#!/bin/sh\\nexec "$@" --protected-mode no\\n' >/entrypoint.sh && chmod 755 /entrypoint.sh\nUSER redis\nWORKDIR /tmp\n`
      + 'ENTRYPOINT ["/entrypoint.sh"]\nCMD ["redis-server"]\n',
  });
  await make(docker, {
    name: image('IMAGE_PROMETHEUS'),
    file: `FROM ${parts}\nRUN install -d -o nobody /prometheus\nUSER nobody\nVOLUME ["/prometheus"]\nENTRYPOINT ["/usr/bin/prometheus"]\n`,
  });
  // Grafana is not in Debian: this one only runs, so that compose has something to start.
  await make(docker, { name: image('IMAGE_GRAFANA'), file: `FROM ${debianName}\nUSER nobody\nCMD ["sleep", "infinity"]\n` });
  await make(docker, {
    name: await goImageName(),
    file: `FROM ${debianName}\nCOPY minio /built/minio\nCOPY go /usr/local/bin/go\n`,
    async fill(folder) {
      await cp(await minioProgram(), join(folder, 'minio'));
      await cp(join(import.meta.dirname, 'stand-ins', 'go.sh'), join(folder, 'go'));
      await chmod(join(folder, 'go'), 0o755);
    },
  });
}

async function make(docker: Docker, { name, file, fill }: StandIn): Promise<void> {
  await debian(docker);
  const folder = join(import.meta.dirname, 'stand-ins');
  const scripts = await Promise.all((await readdir(folder)).sort().map((script) => readFile(join(folder, script), 'utf8')));
  const recipe = createHash('sha256').update(`${file}\n${scripts.join('')}\n${process.version}`).digest('hex').slice(0, 16);
  const made = await docker.run(['image', 'inspect', '--format', `{{ index .Config.Labels "${recipeLabel}" }}`, name]).catch(() => '');
  if (made === recipe) return;
  await using work = openFolder('image');
  await fill?.(work.path);
  await writeFile(join(work.path, 'Containerfile'), `${file}LABEL ${recipeLabel}=${recipe}\n`);
  await docker.run(['build', '--quiet', '--file', join(work.path, 'Containerfile'), '--tag', name, work.path]);
}
