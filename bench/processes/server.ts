/** A real server in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { commandEnvironment, commandFlags, commandLine } from '@proximadb/test-cluster';

export interface ServerProcess {
  /** gRPC, `host:port`. */
  readonly address: string;
  readonly restPort: number;
  readonly pid: number;
  /** From the start of the process until it said that it is ready. */
  readonly readyMs: number;
  /** Settles when the process has ended. */
  signal(name: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** How Node is run. */
export interface Runtime {
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export const asItComes: Runtime = { flags: commandFlags, environment: commandEnvironment };

const startMsMax = 120_000;

/**
 * @param profiles folder for CPU profiles of all of its threads, written when it ends by SIGTERM.
 * @param dataBytesMax what it may map for itself to write to (RLIMIT_DATA): its own memory, page cache and files not counted.
 */
export async function startServer(data: string, profiles?: string, dataBytesMax?: number, runtime = asItComes): Promise<ServerProcess> {
  const profiling = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`, '--cpu-prof-interval=500'];
  const started = performance.now();
  const options = ['--data', data, '--grpc-port', '0', '--rest-port', '0', '--log-level', 'warn'];
  // As it comes: settings of whoever measures are not measured.
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PROXIMADB_')));
  const limit = dataBytesMax === undefined ? [] : ['prlimit', `--data=${dataBytesMax}`];
  const [command = '', ...words] = [...limit, process.execPath, ...runtime.flags, ...profiling, commandLine, 'start', ...options];
  const child = spawn(command, words,
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...inherited, ...runtime.environment, NO_COLOR: '1' } });
  const stopOnExit = (): void => { child.kill('SIGKILL'); };
  process.once('exit', stopOnExit);
  child.once('exit', () => { process.off('exit', stopOnExit); });
  const { address, restPort } = await readyAddresses(child);
  const readyMs = performance.now() - started;
  return {
    address, restPort, pid: child.pid ?? 0, readyMs,
    signal: (name) => new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) {
        resolve();
        return;
      }
      child.once('exit', () => { resolve(); });
      child.kill(name);
    }),
  };
}

/** The addresses in the server's first screen, which it shows once it is ready. */
function readyAddresses(child: ChildProcess): Promise<{ readonly address: string; readonly restPort: number }> {
  return new Promise((resolve, reject) => {
    let shown = '';
    const timer = setTimeout(() => { reject(new Error(`the server was not ready within ${startMsMax} ms: ${shown}`)); }, startMsMax);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the server ended with exit code ${code}: ${shown}`));
    });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
      const address = /gRPC\s+(\S+:\d+)/.exec(shown)?.[1];
      const restPort = /REST\s+\S+:(\d+)/.exec(shown)?.[1];
      if (address === undefined || restPort === undefined) return;
      clearTimeout(timer);
      resolve({ address, restPort: Number(restPort) });
    });
  });
}
