/** What the reader of a page has: a folder that looks like a fresh clone, a terminal, and a second one in which a server runs. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

const root = join(import.meta.dirname, '../..');

export interface Ended {
  /** null: it took too long, and was ended. */
  readonly code: number | null;
  readonly output: string;
}

/** The repository, nearly all of it by links; what a page makes lies beside that, and is gone at the end. */
export class Clone implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'proximadb-page-'));
  readonly #environment: NodeJS.ProcessEnv;

  /**
   * @param environment variables beside those of this process; ours that a developer has set are left out. `PATH` is put before the path.
   * @param how `whole`: every file that is in git or could be is copied, as images are built of real files.
   */
  constructor(environment: Readonly<Record<string, string>>, how: 'linked' | 'whole' = 'linked') {
    if (how === 'whole') this.#copyAll();
    else this.#link();
    // Where output is no terminal curl shows how far it is; and a request that is refused has to fail the page.
    writeFileSync(join(this.path, '.curlrc'), 'silent\nshow-error\nfail-with-body\n');
    const inherited = Object.entries(process.env).filter(([name]) => !/^(PROXIMADB_|NODE_(?!EXTRA_CA_CERTS$)|npm_(?!config_))/.test(name));
    const first = environment['PATH'] === undefined ? [] : [environment['PATH']];
    this.#environment = {
      ...Object.fromEntries(inherited), ...environment, CURL_HOME: this.path, NO_COLOR: '1', NODE_NO_WARNINGS: '1', npm_config_update_notifier: 'false',
      // The Node that runs the tests is the one of whoever follows the page.
      PATH: [...first, dirname(process.execPath), process.env['PATH'] ?? ''].join(':'),
    };
  }

  #copyAll(): void {
    const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' }).split('\0');
    for (const file of files) {
      if (file !== '' && existsSync(join(root, file))) cpSync(join(root, file), join(this.path, file), { verbatimSymlinks: true });
    }
  }

  #link(): void {
    for (const name of readdirSync(root)) if (!['.git', 'clients', 'data'].includes(name)) symlinkSync(join(root, name), join(this.path, name));
    // pip builds where the sources lie.
    cpSync(join(root, 'clients/python'), join(this.path, 'clients/python'), { recursive: true });
    symlinkSync(join(root, 'clients/typescript'), join(this.path, 'clients/typescript'));
  }

  start(command: string, args: readonly string[], channels: readonly ('ignore' | 'pipe')[]): ChildProcess {
    return spawn(command, args, { cwd: this.path, env: this.#environment, stdio: [...channels], detached: true });
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.path, name)), { recursive: true });
    writeFileSync(join(this.path, name), text);
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), 'utf8');
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** One bash for all blocks of a page: what a block sets, the next one has. A command that fails ends it. */
export class Shell implements AsyncDisposable {
  readonly #clone: Clone;
  readonly #bash: ChildProcess;
  readonly #ended: Promise<void>;
  #blocks = 0;
  #said = '';
  #over = false;

  constructor(clone: Clone) {
    this.#clone = clone;
    this.#bash = clone.start('bash', ['--noprofile', '--norc', '-eo', 'pipefail'], ['pipe', 'ignore', 'ignore', 'pipe']);
    // The descriptor by which bash says that a block is over.
    (this.#bash.stdio[3] as Readable).on('data', (bytes: Buffer) => { this.#said += bytes.toString(); });
    // What a block leaves in the background keeps its descriptors open: the shell is over before.
    this.#bash.once('exit', () => { this.#over = true; });
    this.#ended = new Promise((resolve) => { this.#bash.once('close', () => { resolve(); }); });
  }

  /** @param mayFail whether the shell goes on after a failure; only the last command's counts then. */
  async run(script: string, timeoutMs: number, mayFail = false): Promise<Ended> {
    this.#blocks += 1;
    const [file, output] = [`.block-${this.#blocks}.sh`, `.block-${this.#blocks}.out`];
    this.#clone.write(file, `${script}\n`);
    this.#clone.write(output, '');
    const source = `. '${this.#clone.path}/${file}' > '${this.#clone.path}/${output}' 2>&1 < /dev/null`;
    this.#said = '';
    this.#bash.stdin?.write(mayFail ? `if ${source}; then echo 0 >&3; else echo "$?" >&3; fi\n` : `${source}\necho 0 >&3\n`);
    const code = await this.#code(timeoutMs);
    return { code, output: stripVTControlCharacters(this.#clone.read(output)) };
  }

  async #code(timeoutMs: number): Promise<number | null> {
    const untilMs = performance.now() + timeoutMs;
    while (performance.now() < untilMs) {
      if (this.#said.endsWith('\n')) return Number(this.#said);
      if (this.#over) return this.#bash.exitCode ?? 1;
      await new Promise((resolve) => { setTimeout(resolve, 5); });
    }
    endGroup(this.#bash, 'SIGKILL');
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    endGroup(this.#bash, 'SIGKILL');
    await this.#ended;
  }
}

/** A command in the other terminal, until Ctrl-C. */
export class Foreground implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #output = '';
  #over = false;

  constructor(clone: Clone, command: string) {
    this.#child = clone.start('bash', ['--noprofile', '--norc', '-c', command], ['ignore', 'pipe', 'pipe']);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (bytes: Buffer) => { this.#output += stripVTControlCharacters(bytes.toString()); });
    }
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', () => {
        this.#over = true;
        resolve();
      });
    });
  }

  get output(): string {
    return this.#output;
  }

  /** @returns what it said until it said that Ctrl-C stops it. @throws Error with its output, if it ends before or takes too long. */
  async ready(timeoutMs: number): Promise<string> {
    const untilMs = performance.now() + timeoutMs;
    while (!/Ctrl-C stops .*\n/.test(this.#output)) {
      if (this.#over || performance.now() > untilMs) throw new Error(`${this.#over ? 'it ended' : 'it is not ready'}:\n${this.#output}`);
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
    return this.#output;
  }

  /** As a terminal does it: all processes of the command are told. @throws Error with its output, if that does not end it. */
  async interrupt(timeoutMs: number): Promise<void> {
    endGroup(this.#child, 'SIGINT');
    const late = setTimeout(() => { endGroup(this.#child, 'SIGKILL'); }, timeoutMs);
    await this.#ended;
    clearTimeout(late);
    if (this.#child.signalCode === 'SIGKILL') throw new Error(`Ctrl-C did not end it within ${timeoutMs} ms:\n${this.#output}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) await this.interrupt(30_000);
  }
}

/** Of a process that was started `detached`, with all that it started. */
function endGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
