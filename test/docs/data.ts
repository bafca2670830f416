/** Blocks that are data: what the page says they are, they have to be. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { runProgram } from '../cluster/run-program.ts';
import { chartFolder, helm } from '../deploy/chart.ts';
import { kubernetesProgram } from '../deploy/kubernetes/program.ts';

const schemas = join(import.meta.dirname, '../../schemas/gen');
const openApi = JSON.parse(readFileSync(join(schemas, 'openapi.json'), 'utf8')) as object;
const ajv = new Ajv2020({ strict: false, formats: {} });
ajv.addSchema(openApi, 'openapi');

/** @throws Error if it is not JSON, or no such message of the API. */
export function checkMessage(name: string, text: string): void {
  const value: unknown = JSON.parse(text);
  const file = join(schemas, 'json-schema', `${name}.json`);
  const validate = existsSync(file)
    ? ajv.getSchema(name) ?? ajv.addSchema(JSON.parse(readFileSync(file, 'utf8')) as object, name).getSchema(name)
    : ajv.getSchema(`openapi#/components/schemas/${name}`);
  if (validate === undefined) throw new Error(`the API has no ${name}`);
  if (validate(value) !== true) throw new Error(`it is no ${name}: ${ajv.errorsText(validate.errors)}`);
}

/** @throws Error with helm's words. */
export async function checkValues(file: string): Promise<void> {
  await helm('template', 'release', chartFolder, '--kube-version', '1.34.0', '--values', file);
}

/** As prometheus-adapter reads them: they make the metric of pods out of the series that our indexers offer. @throws Error with its words. */
export async function checkAdapterRules(file: string, series: string): Promise<void> {
  const said = await runProgram(await kubernetesProgram(), ['adapter-rules', file, series]);
  const [selector = '', metric = '', query = ''] = said.split('\n');
  if (!selector.startsWith(`${series}{`) || metric !== series || !query.includes(`${series}{namespace="vectors",pod="a-pod"}`)) {
    throw new Error(`the rules are not about ${series} of a pod:\n${said}`);
  }
  const source = readFileSync(join(import.meta.dirname, '../../services/cluster/src/indexer.ts'), 'utf8');
  if (!source.includes(`metrics.gauge('${series.replace(/^proximadb_/, '')}'`)) throw new Error(`indexers have no gauge ${series}`);
}
