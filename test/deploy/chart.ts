/** The Helm chart, rendered by the real helm. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../cluster/run-program.ts';
import { root } from './compose-file.ts';
import { helmProgram, readYaml } from './tools.ts';

export const chartFolder = join(root, 'deploy/helm/proximadb');
/** Kubernetes as helm is told, since one that is built from source takes it for an old one. */
const kubernetes = ['--kube-version', '1.34.0'];

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly {
    readonly name: string; readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string }; readonly fieldRef?: { readonly fieldPath: string } };
  }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: { readonly limits?: Readonly<Record<string, string>>; readonly requests?: Readonly<Record<string, string>> };
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Probe { readonly httpGet: { readonly path: string; readonly port: string } }

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes: readonly { readonly name: string; readonly secret?: { readonly secretName: string }; readonly configMap?: { readonly name: string } }[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly automountServiceAccountToken: boolean;
  readonly serviceAccountName: string;
  readonly terminationGracePeriodSeconds: number;
  readonly topologySpreadConstraints: readonly { readonly topologyKey: string }[];
  readonly affinity: unknown;
}

export type Labels = Readonly<Record<string, string>>;

/** Any object; only what a test looks at is typed. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Labels; readonly annotations?: Labels };
  // Each kind has its own; tests look into them by name.
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly selector?: Labels & { readonly matchLabels?: Labels };
    readonly template?: { readonly metadata: { readonly labels: Labels; readonly annotations: Labels }; readonly spec: PodSpec };
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly automountServiceAccountToken?: boolean;
}

export interface Rendered {
  readonly text: string;
  readonly manifests: readonly Manifest[];
  of(kind: string): readonly Manifest[];
  /** @throws Error if there is not exactly one. */
  one(kind: string, name: string): Manifest;
}

export function helm(...args: readonly string[]): Promise<string> {
  return helmProgram().then((program) => runProgram(program, args, { cwd: chartFolder }));
}

/** Files of values that the chart is tested with. */
export async function valuesFiles(): Promise<string[]> {
  return (await readdir(join(chartFolder, 'ci'))).filter((file) => file.endsWith('.yaml')).sort().map((file) => `ci/${file}`);
}

export const lint = (file: string): Promise<string> => helm('lint', '--strict', ...kubernetes, '--values', file, '.');

/** @param settings as after `--set`. @throws Error with helm's words, e.g. about a value that the schema refuses. */
export async function render(file: string, ...settings: readonly string[]): Promise<Rendered> {
  const given = settings.flatMap((setting) => ['--set', setting]);
  const text = await helm('template', 'release', '.', '--namespace', 'vectors', ...kubernetes, '--values', file, ...given);
  const manifests = await readYaml(text) as Manifest[];
  const of = (kind: string): Manifest[] => manifests.filter((manifest) => manifest.kind === kind);
  return {
    text, manifests, of,
    one(kind, name) {
      const found = of(kind).filter(({ metadata }) => metadata.name === name);
      if (found.length !== 1) throw new Error(`${found.length} of ${kind} ${name}; there are ${of(kind).map(({ metadata }) => metadata.name).join(', ')}`);
      return found[0]!;
    },
  };
}

export interface Workload {
  readonly manifest: Manifest;
  readonly pod: PodSpec;
  readonly labels: Labels;
}

export function workloads({ manifests }: Rendered): Workload[] {
  return manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet').map((manifest) => ({
    manifest, pod: manifest.spec.template!.spec, labels: manifest.spec.template!.metadata.labels,
  }));
}

/** Whether a selector's labels are among those of a pod. */
export function selects(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value);
}
