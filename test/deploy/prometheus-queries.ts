/** Every PromQL expression under deploy/: of the dashboard's panels and of the alerts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './compose-file.ts';
import { readYaml } from './tools.ts';

export interface Query {
  /** Where it stands, for messages. */
  readonly place: string;
  /** With values in the place of the dashboard's variables. */
  readonly expr: string;
}

interface Panel { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
interface Rules { readonly groups: readonly { readonly rules: readonly Rule[] }[] }

export async function dashboard(): Promise<{ readonly panels: readonly Panel[] }> {
  return JSON.parse(await readFile(join(root, 'deploy/dashboards/proximadb.json'), 'utf8')) as { panels: Panel[] };
}

export async function alerts(): Promise<Rules> {
  const [rules] = await readYaml(await readFile(join(root, 'deploy/dashboards/alerts.yml'), 'utf8'));
  return rules as Rules;
}

export async function exprsOf(): Promise<Query[]> {
  const panels = (await dashboard()).panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({
    place: `panel ${title}`, expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$job', '.*'),
  })));
  return [...panels, ...(await alerts()).groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => ({ place: `alert ${alert}`, expr })))];
}
