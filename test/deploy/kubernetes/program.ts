/** Kubernetes as one program, and prometheus-adapter's reading of its rules in it: main.go and adapter.go. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { isProvisioned, provision } from '../../cluster/cache.ts';
import { goBuild } from '../../cluster/go.ts';

const version = 'v1.34.4';
const sources = ['main.go', 'adapter.go', 'go.mod'].map((file) => readFileSync(join(import.meta.dirname, file), 'utf8')).join('\n');
const folderName = `kubernetes-${version}-${createHash('sha256').update(sources).digest('hex').slice(0, 16)}`;

/** Built at the first call on this machine, which takes minutes. */
export async function kubernetesProgram(): Promise<string> {
  const folder = await provision(folderName, (draft) =>
    goBuild(join(draft, 'kubernetes'), import.meta.dirname, `-s -w -X k8s.io/component-base/version.gitVersion=${version}`));
  return join(folder, 'kubernetes');
}

/** As the `skip` of a test that has no time for that. */
export function missingKubernetesProgram(): string | false {
  if (process.env['CI'] === 'true' || isProvisioned(folderName)) return false;
  return 'needs Kubernetes, which takes minutes to build: bash test/deploy/check.sh builds it';
}
