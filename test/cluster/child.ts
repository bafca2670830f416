/** One real process of a part: it can be killed, frozen and started again, and it never outlives who started it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Folder } from './folder.ts';
import { afterThisProcess } from './watchdog.ts';

export interface ChildSpec {
  /** As it is called in errors. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** In place of this process's environment. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Who starts the child disposes of the folder after it. */
  readonly folder: Folder;
  /** @default the folder */
  readonly workingDirectory?: string;
  /** What it writes is appended here. */
  readonly logFile: string;
  /** Asks it by its own protocol. False, or an error: not yet. */
  readonly isReady: (signal: AbortSignal) => Promise<boolean>;
  /** @default 180,000 ms */
  readonly readyTimeoutMs?: number;
}

/** What every part can do to its process. */
export interface Stoppable extends AsyncDisposable {
  /** Of the process that runs, or of the last one that ran. */
  readonly pid: number;
  readonly state: 'running' | 'paused' | 'ended';
  readonly logFile: string;
  /** Resolves when the process has ended. @param signal one that ends it: SIGKILL (the default), SIGTERM, SIGINT. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Freezes it (SIGSTOP): its connections stay open and nothing answers. Resolves when it stands still. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** After a `kill`: the same ports, the same data. Resolves when it is ready. @throws Error with the tail of its log. */
  start(): Promise<void>;
  /** `kill`, then `start`. @param signal how it ends, @default SIGTERM */
  restart(signal?: NodeJS.Signals): Promise<void>;
}

interface Run {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Or it turned out that it cannot be started. */
  readonly spawned: Promise<void>;
  readonly ended: Promise<void>;
  over: string | undefined;
}

/** After SIGTERM. What has not ended then is killed. */
const graceMs = 90_000;

export class Child implements Stoppable {
  readonly #spec: ChildSpec;
  #run: Run | undefined;
  #paused = false;
  #disposed = false;

  private constructor(spec: ChildSpec) {
    this.#spec = spec;
  }

  /** Resolves when it is ready. @throws Error with the tail of its log if it ends before, or is not ready in time. */
  static async start(spec: ChildSpec): Promise<Child> {
    const child = new Child(spec);
    try {
      await child.start();
      return child;
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pid(): number {
    if (this.#run === undefined) throw new Error(`${this.#spec.name} was never started`);
    return this.#run.pid;
  }

  get state(): 'running' | 'paused' | 'ended' {
    if (this.#run === undefined || this.#run.over !== undefined) return 'ended';
    return this.#paused ? 'paused' : 'running';
  }

  get logFile(): string {
    return this.#spec.logFile;
  }

  async start(): Promise<void> {
    if (this.#disposed) throw new Error(`${this.#spec.name} was disposed of`);
    if (this.state !== 'ended') throw new Error(`${this.#spec.name} runs already`);
    const run = launch(this.#spec);
    this.#run = run;
    this.#paused = false;
    await untilReady(this.#spec, run);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const run = this.#run;
    if (run === undefined || run.over !== undefined) return;
    // Waiting for its end is work, which keeps this process alive.
    run.process.ref();
    run.process.kill(signal);
    // A frozen process is told of no signal but SIGKILL until it goes on.
    if (this.#paused && signal !== 'SIGKILL') run.process.kill('SIGCONT');
    const late = new AbortController();
    const force = delay(graceMs, true, { signal: late.signal, ref: false }).catch(() => false);
    if (await Promise.race([run.ended, force]) === true) run.process.kill('SIGKILL');
    late.abort();
    await run.ended;
  }

  async pause(): Promise<void> {
    if (this.state === 'ended') throw new Error(`${this.#spec.name} does not run`);
    this.#run?.process.kill('SIGSTOP');
    this.#paused = true;
    // The kernel stops threads one after the other; where there is no /proc, that is soon enough.
    const status = `/proc/${this.pid}/stat`;
    while (existsSync(status) && !/^\d+ \(.*\) [TZ]/s.test(readFileSync(status, 'latin1'))) await delay(1);
  }

  async resume(): Promise<void> {
    this.#run?.process.kill('SIGCONT');
    this.#paused = false;
  }

  async restart(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.kill(signal);
    await this.start();
  }

  /** Who keeps a folder gets it closed properly; what goes to the bin is just killed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.kill(this.#spec.folder.temporary || this.#paused ? 'SIGKILL' : 'SIGTERM');
  }
}

function launch(spec: ChildSpec): Run {
  const log = openSync(spec.logFile, 'a');
  // A session of its own: a Ctrl-C in the terminal is for this process, which ends its children in the right order.
  const child = spawn(spec.command, spec.args, {
    cwd: spec.workingDirectory ?? spec.folder.path, env: spec.environment ?? process.env, stdio: ['ignore', log, log], detached: true,
  });
  closeSync(log);
  const { pid = 0 } = child;
  const callOff = pid === 0 ? () => undefined : afterThisProcess('kill -9 "$1"', String(pid));
  const failed = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      run.over ??= `could not be started: ${error.message}`;
      callOff();
      resolve();
    });
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      run.over ??= signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
      callOff();
      resolve();
    });
  });
  const spawned = Promise.race([new Promise<void>((resolve) => { child.once('spawn', () => { resolve(); }); }), failed]);
  const run: Run = { process: child, pid, spawned, ended: Promise.race([exited, failed]), over: undefined };
  // It does not keep this process alive: a test file that forgot it ends all the same, and the watchdog ends it.
  child.unref();
  return run;
}

/** For one question whether it is ready: one that is never answered must not be the last. */
const askTimeoutMs = 2_000;

async function untilReady(spec: ChildSpec, run: Run): Promise<void> {
  const timeoutMs = spec.readyTimeoutMs ?? 180_000;
  const late = AbortSignal.timeout(timeoutMs);
  await run.spawned;
  let failure = '';
  for (;;) {
    const ready = await spec.isReady(AbortSignal.any([late, AbortSignal.timeout(askTimeoutMs)])).catch((error: unknown) => {
      failure = ` (${causesOf(error)})`;
      return false;
    });
    // If it has ended, then somebody else answered.
    if (run.over !== undefined) throw new Error(`${spec.name} ${run.over}; the end of ${spec.logFile}:\n${await tail(spec.logFile)}`);
    if (ready) return;
    if (late.aborted) throw new Error(`${spec.name} is not ready after ${timeoutMs} ms${failure}; the end of ${spec.logFile}:\n${await tail(spec.logFile)}`);
    await delay(20);
  }
}

/** What went wrong, and why: "fetch failed: bad port". */
function causesOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${causesOf(error.cause)}`;
}

/** The last lines of a log. */
async function tail(file: string, lines = 30): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '(no log)');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
