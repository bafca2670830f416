/** A peer's process, seen from the scenario. */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** What it is asked, one after the other. */
export type PeerCommand =
  | { readonly kind: 'open' }
  /** Rows from `from` on, `to` excluded, `concurrency` writes under way. */
  | { readonly kind: 'insert'; readonly from: number; readonly to: number; readonly concurrency: number }
  | { readonly kind: 'settle' }
  | { readonly kind: 'rest' }
  | { readonly kind: 'search'; readonly block: SearchBlock }
  | { readonly kind: 'remove'; readonly rows: readonly number[] }
  | { readonly kind: 'loaded'; readonly load: Load }
  | { readonly kind: 'restart'; readonly probe: Probe }
  | { readonly kind: 'usage' };

/** Some queries, asked by some clients at once. */
export interface SearchBlock {
  /** Numbers of the set's queries. */
  readonly queries: readonly number[];
  readonly k: number;
  readonly effort: number;
  /** Its number in the set; null: all rows. */
  readonly filter: number | null;
  /** Whether each search comes with a filter that was never asked before, though it matches the same rows. */
  readonly isFresh?: boolean;
  readonly way: string;
  readonly clients: number;
}

/** Searches while rows are written that the set does not have. */
export interface Load {
  /** 0: none; Infinity: as fast as it goes. */
  readonly rowsASecond: number;
  readonly forMs: number;
  readonly effort: number;
  readonly way: string;
  readonly clients: number;
}

/** A question with a known answer: the row's own vector. */
export interface Probe {
  readonly row: number;
  readonly effort: number;
  readonly way: string;
}

/** Answers of all commands have this; what does not apply is empty. */
export interface PeerAnswer {
  readonly version: string;
  readonly tookMs: number;
  /** Of the server, or of the process that the library is in. */
  readonly cpuSeconds: number;
  /** Of each query of a block, in its order: k rows, `none` where there were fewer. */
  readonly found: Uint32Array;
  readonly latenciesMs: Float64Array;
  /** Of it, the time in which only silence was waited for. */
  readonly idleMs: number;
  /** Rows that were acknowledged. */
  readonly written: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

export const none = 0xffff_ffff;

export class PeerProcess implements Disposable {
  readonly #child: ChildProcess;
  readonly #name: string;

  private constructor(child: ChildProcess, name: string) {
    this.#child = child;
    this.#name = name;
  }

  /** @param name of the kind. @param set folder of a stored set. @param folder for the peer's data. */
  static start(name: string, set: string, folder: string): PeerProcess {
    const execArgv = ['--no-warnings', '--max-old-space-size=8192'];
    return new PeerProcess(fork(join(import.meta.dirname, 'peer.main.ts'), [name, set, folder], { execArgv, serialization: 'advanced' }), name);
  }

  /** @throws Error with what the peer said. */
  ask(command: PeerCommand): Promise<PeerAnswer> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null, signal: string | null): void => {
        reject(new Error(`${this.#name} ended with ${code ?? signal} at ${command.kind}`));
      };
      this.#child.once('exit', onExit);
      this.#child.once('message', (answer: PeerAnswer | { readonly failed: string }) => {
        this.#child.off('exit', onExit);
        if ('failed' in answer) reject(new Error(`${this.#name} failed at ${command.kind}: ${answer.failed}`));
        else resolve(answer);
      });
      this.#child.send(command);
    });
  }

  /** Resolves when it has ended, its server, too. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        resolve();
        return;
      }
      this.#child.once('exit', () => { resolve(); });
      this.#child.disconnect();
    });
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}
