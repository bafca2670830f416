/** A page from its top to its bottom, as a reader follows it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { freePorts } from '../cluster/ports.ts';
import { missingPython, pythonWheels } from '../cluster/python-client.ts';
import { missingKubernetesProgram } from '../deploy/kubernetes/program.ts';
import { missingForHelm } from '../deploy/tools.ts';
import { checkAdapterRules, checkMessage, checkValues } from './data.ts';
import { checkDiagram } from './diagrams.ts';
import { mismatch } from './expected.ts';
import { stepsOf, type Block } from './page.ts';
import { Clone, Foreground, Shell, type Ended } from './terminal.ts';

export type Outcome =
  | { readonly kind: 'held' }
  /** The page's source says why. */
  | { readonly kind: 'not run'; readonly reason: string }
  | { readonly kind: 'failed'; readonly why: string };

export interface Result {
  /** Its language, line and first words. */
  readonly block: string;
  readonly outcome: Outcome;
}

const blockMs = 480_000;
/** For one that builds images. */
const containersMs = 600_000;
const stopMs = 40_000;

/** Ports of a standalone server as pages show them; each is another one while a page is run. */
const [restPort, grpcPort] = [5678, 5679];

/** Where a cluster says where it listens, by the port that pages show. */
const clusterPorts: readonly (readonly [shown: number, said: RegExp])[] = [
  [5679, /gateway-0 +gRPC \S+:(\d+)/], [5678, /gateway-0 .* http:\S+:(\d+)/], [5689, /query-0 +gRPC \S+:(\d+)/], [5688, /query-0 .* http:\S+:(\d+)/],
  [8081, /registry +http:\/\/[^:]+:(\d+)/],
];

const scripts = Object.keys((JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { scripts: object }).scripts);

/** Why a block from the start of a cluster to its end is not run where `withCluster` does not ask for it. */
export const needsCluster = 'it needs a cluster, which the tests in cluster/ have';
/** Why a block is not run by `runPage`. */
export const needsContainers = 'it needs containers, which the tests in ../deploy/containers have';

/** What a block of containers needs: `compose` is Docker, `kubernetes` that and a cluster of it. */
export type Containers = 'compose' | 'kubernetes';

export function containersOf({ language, text, mark }: Block): Containers | null {
  if (language !== 'sh' || mark?.kind === 'not run') return null;
  if (/^docker compose /m.test(text)) return 'compose';
  return /^(docker|helm|kubectl) /m.test(text) ? 'kubernetes' : null;
}

/** Blocks that follow one that failed are not run, and those of containers neither. */
export async function runPage(markdown: string, withCluster = false): Promise<Result[]> {
  const steps = stepsOf(markdown);
  await using page = new Page({ ports: await freePorts(2), environment: await packagesFor(markdown) });
  const results: Result[] = [];
  let inCluster = false;
  for (const step of steps) {
    const block = step.kind === 'stop' ? `line ${step.line}: Ctrl-C` : nameOf(step.block);
    inCluster ||= step.kind === 'block' && startsCluster(step.block);
    let outcome: Outcome;
    try {
      if (step.kind === 'block' && containersOf(step.block) !== null) outcome = { kind: 'not run', reason: needsContainers };
      else if (inCluster && !withCluster) outcome = { kind: 'not run', reason: needsCluster };
      else outcome = step.kind === 'stop' ? await page.stop() : await page.run(step.block);
      if (step.kind === 'stop') inCluster = false;
    } catch (error) {
      outcome = { kind: 'failed', why: (error as Error).message };
    }
    results.push({ block, outcome });
    if (outcome.kind === 'failed') break;
  }
  return results;
}

/** What a page installs is fetched once for all of them. */
async function packagesFor(markdown: string): Promise<Record<string, string>> {
  if (!/\bpip install\b/.test(markdown) || missingPython() !== false) return {};
  const links = [process.env['PIP_FIND_LINKS'] ?? '', await pythonWheels()].join(' ').trim();
  // Once a week pip says that there is a newer one.
  return { PIP_FIND_LINKS: links, PIP_DISABLE_PIP_VERSION_CHECK: '1' };
}

export interface ContainerTools {
  /** For what the page runs, beside the environment of this process. */
  readonly environment: Readonly<Record<string, string>>;
  /** By what pages show: what it is here. */
  readonly places: Readonly<Record<string, string>>;
}

/** Runs the blocks that need these containers, and those that save the files which they use, on the ports that pages show: nothing else may have them. */
export async function runContainers(markdown: string, wanted: Containers, tools: ContainerTools): Promise<Result[]> {
  await using page = new Page({ containers: tools });
  const results: Result[] = [];
  for (const step of stepsOf(markdown)) {
    if (step.kind === 'stop') continue;
    const { block } = step;
    if (containersOf(block) !== wanted && block.mark?.kind !== 'file' && block.mark?.kind !== 'values') continue;
    const outcome = await page.run(block).catch((error: unknown): Outcome => ({ kind: 'failed', why: (error as Error).message }));
    results.push({ block: nameOf(block), outcome });
    if (outcome.kind === 'failed') break;
  }
  return results;
}

const nameOf = ({ line, language, text }: Block): string => `line ${line}, ${language === '' ? 'no language' : language}: ${text.split('\n')[0] ?? ''}`;

const held: Outcome = { kind: 'held' };

/** Past comments. */
const firstCommand = (text: string): string => text.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';

export const startsCluster = ({ language, text, mark }: Block): boolean =>
  language === 'sh' && mark?.kind !== 'not run' && /^npm run cluster\b/.test(firstCommand(text));

class Page implements AsyncDisposable {
  /** By the port that the page shows. */
  readonly #ports: Map<number, number>;
  readonly #places: readonly (readonly [shown: string, real: string])[];
  readonly #blockMs: number;
  readonly #clone: Clone;
  readonly #shell: Shell;
  #server: Foreground | null = null;
  #programs = 0;

  /** @param containers in place of ports: those of the page. @param environment beside what it says itself. */
  constructor({ ports: [rest, grpc] = [], environment = {}, containers }: {
    readonly ports?: readonly number[]; readonly environment?: Readonly<Record<string, string>>; readonly containers?: ContainerTools;
  }) {
    this.#ports = new Map(rest === undefined || grpc === undefined ? [] : [[restPort, rest], [grpcPort, grpc]]);
    this.#places = Object.entries(containers?.places ?? {});
    this.#blockMs = containers === undefined ? blockMs : containersMs;
    this.#clone = containers === undefined
      ? new Clone({ ...environment, PROXIMADB_REST_PORT: String(rest), PROXIMADB_GRPC_PORT: String(grpc), PROXIMADB_SERVER: `127.0.0.1:${grpc}` })
      : new Clone(containers.environment, 'whole');
    this.#shell = new Shell(this.#clone);
  }

  async run(block: Block): Promise<Outcome> {
    const { mark, language } = block;
    if (mark?.kind === 'not run') {
      if (language === 'sh') await this.#checkUnrun(block.text);
      return { kind: 'not run', reason: mark.reason };
    }
    if (mark?.kind === 'file') return this.#file(mark.name, block);
    const rule = rules[language];
    if (rule === undefined) throw new Error(`nothing is known about blocks of ${language === '' ? 'no language' : language}`);
    return rule(this, block);
  }

  async stop(): Promise<Outcome> {
    if (this.#server === null) throw new Error('no server runs');
    await this.#server.interrupt(stopMs);
    this.#server = null;
    return held;
  }

  async shell({ text, mark, output }: Block): Promise<Outcome> {
    if (/^npm (start|run cluster)\b/.test(firstCommand(text))) {
      if (this.#server !== null) throw new Error('a server runs already');
      this.#server = new Foreground(this.#clone, this.#real(text));
      const said = await this.#server.ready(this.#blockMs);
      for (const [port, where] of clusterPorts) {
        const real = where.exec(said)?.[1];
        if (real !== undefined) this.#ports.set(port, Number(real));
      }
      return this.#compare(output, said);
    }
    return this.#judge(await this.#shell.run(this.#real(text), this.#blockMs, mark?.kind === 'fails'), { mark, output });
  }

  async program(command: string, ending: string, { text, mark, output }: Block): Promise<Outcome> {
    this.#programs += 1;
    const file = `block-${this.#programs}.${ending}`;
    this.#clone.write(file, this.#real(text));
    return this.#judge(await this.#shell.run(`${command} ${file}`, this.#blockMs, mark?.kind === 'fails'), { mark, output });
  }

  async values(name: string, { text }: Block): Promise<Outcome> {
    this.#clone.write(name, `${this.#real(text)}\n`);
    const missing = missingForHelm();
    if (missing !== false) return { kind: 'not run', reason: missing };
    await checkValues(join(this.#clone.path, name));
    return held;
  }

  async adapterRules(series: string, { text }: Block): Promise<Outcome> {
    const missing = missingKubernetesProgram();
    if (missing !== false) return { kind: 'not run', reason: missing };
    this.#clone.write('rules.yaml', text);
    await checkAdapterRules(join(this.#clone.path, 'rules.yaml'), series);
    return held;
  }

  #file(name: string, { text, language }: Block): Outcome {
    if (language === 'json' && !name.endsWith('.jsonl')) JSON.parse(text);
    this.#clone.write(name, `${this.#real(text)}\n`);
    return held;
  }

  /** At least it is bash, and names scripts that are there. */
  async #checkUnrun(text: string): Promise<void> {
    this.#clone.write('.unrun.sh', text);
    const { code, output } = await this.#shell.run('bash -n .unrun.sh', this.#blockMs, true);
    if (code !== 0) throw new Error(output);
    const unknown = [...text.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)].map(([, name = '']) => name).filter((name) => !scripts.includes(name));
    if (unknown.length > 0) throw new Error(`package.json has no script ${unknown.join(', ')}`);
  }

  #judge({ code, output: printed }: Ended, { mark, output }: Pick<Block, 'mark' | 'output'>): Outcome {
    if (code === null) throw new Error(`it takes longer than ${this.#blockMs} ms:\n${printed}`);
    const hasFailed = code !== 0;
    if (hasFailed !== (mark?.kind === 'fails')) {
      throw new Error(`it ${hasFailed ? `fails with code ${code}` : 'does not fail'}:\n${printed}${this.#serverSays()}`);
    }
    return this.#compare(output, printed);
  }

  #compare(output: Block['output'], printed: string): Outcome {
    const why = output === null ? null : mismatch(output, this.#shown(printed));
    return why === null ? held : { kind: 'failed', why: `${why}${this.#serverSays()}` };
  }

  #serverSays(): string {
    return this.#server === null ? '' : `\nThe server said:\n${this.#server.output.slice(-2_000)}`;
  }

  /** With the ports and places of this run. */
  #real(text: string): string {
    const placed = this.#places.reduce((before, [shown, real]) => before.replaceAll(shown, real), text);
    return placed.replaceAll(/\b\d{4}\b/g, (port) => String(this.#ports.get(Number(port)) ?? port));
  }

  /** With the ports of the page. */
  #shown(text: string): string {
    const shown = new Map([...this.#ports].map(([port, real]) => [String(real), String(port)]));
    return text.replaceAll(/\b\d{4,5}\b/g, (port) => shown.get(port) ?? port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shell[Symbol.asyncDispose]();
    await this.#server?.[Symbol.asyncDispose]();
    this.#clone[Symbol.dispose]();
  }
}

/** What becomes of a block, by its language. What is not here is a mistake. */
const rules: Readonly<Record<string, (page: Page, block: Block) => Outcome | Promise<Outcome>>> = {
  sh: (page, block) => page.shell(block),
  ts: (page, block) => page.program('node', 'ts', block),
  // As the page has installed what it needs, if it has.
  python: (page, block) => page.program('$([ -x .venv/bin/python ] && echo .venv/bin/python || echo python3)', 'py', block),
  json: (_, { mark, text }) => {
    if (mark?.kind !== 'schema') throw new Error('JSON follows what prints it, or its mark says what it is');
    checkMessage(mark.name, text);
    return held;
  },
  yaml: (page, block) => {
    if (block.mark?.kind === 'values') return page.values(block.mark.name, block);
    if (block.mark?.kind === 'adapter rules') return page.adapterRules(block.mark.series, block);
    throw new Error('the mark of YAML says what it is');
  },
  mermaid: async (_, { text }) => {
    await checkDiagram(text);
    return held;
  },
  /** Shown, and nothing else. */
  text: () => held,
};
