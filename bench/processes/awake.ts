/**
 * Keeps all cores from sleeping. In a virtual machine a core that has nothing to do is given back to the host, and to wake it for the next message
 * takes tens of microseconds, which one client that waits meets at each handing-over.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Whatever happens to the bench, they end. */
const secondsMax = 120;

export class AwakeCores implements Disposable {
  readonly #spinning: readonly ChildProcess[];

  /** Linux gives what is idle by policy (`chrt` of util-linux) a core only while nobody else wants it. */
  constructor() {
    const spin = `for (const end = Date.now() + ${secondsMax * 1_000}; Date.now() < end;);`;
    this.#spinning = Array.from({ length: availableParallelism() }, () => spawn('chrt', ['--idle', '0', process.execPath, '-e', spin], { stdio: 'ignore' }));
  }

  [Symbol.dispose](): void {
    for (const child of this.#spinning) child.kill('SIGKILL');
  }
}
