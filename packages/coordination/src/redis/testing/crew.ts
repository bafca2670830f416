/** Members of one installation, in this process and in others, watched all the time. */
import { strict as assert } from 'node:assert';
import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LogFields } from '@proximadb/process';
import { eventually, seenBy, selfOf } from '../../contract.ts';
import type { Coordination, Holding } from '../../port.ts';
import { openCoordination, type CoordinationOptions } from '../index.ts';

export interface Line extends LogFields {
  readonly level: string;
  readonly event: string;
}

export class Crew implements AsyncDisposable {
  readonly url: string;
  readonly installation: string = randomUUID();
  readonly members: Map<string, Coordination> = new Map();
  readonly log: Line[] = [];
  /** Living members that somebody did not see, while {@link watch} ran. */
  readonly missed: string[] = [];
  readonly #children: ChildProcess[] = [];
  #watch: NodeJS.Timeout | undefined;

  constructor(url: string) {
    this.url = url;
  }

  async join(id: string, options: Partial<CoordinationOptions> = {}): Promise<Coordination> {
    const line = (level: string) => (event: string, fields?: LogFields): void => { 
      this.log.push({ level, event, atMs: Math.round(performance.now()), member: id, ...fields });
    };
    const logger = { info: line('info'), warn: line('warn'), error: line('error') };
    const member = await openCoordination(this.url, { installation: this.installation, self: selfOf(id), logger, ...options });
    this.members.set(id, member);
    return member;
  }

  /** A member in a process of its own. @returns kills it, without a goodbye. */
  async fork(id: string, holdings: readonly Holding[] = []): Promise<() => Promise<void>> {
    const fixture = fileURLToPath(new URL('../member.fixture.ts', import.meta.url));
    const child = fork(fixture, [this.url, this.installation, id, JSON.stringify(holdings)], { execArgv: ['--no-warnings'] });
    this.#children.push(child);
    await once(child, 'message');
    return async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    };
  }

  async leave(id: string): Promise<void> {
    const member = this.members.get(id);
    this.members.delete(id);
    await member?.[Symbol.asyncDispose]();
  }

  /** Everybody here sees exactly those. */
  async agree(ids: readonly string[]): Promise<void> {
    const expected = [...ids].sort().join();
    const sees = (member: Coordination): string => member.members.map(({ id }) => id).sort().join();
    await eventually(() => [...this.members.values()].every((member) => sees(member) === expected), `all see ${expected}`);
  }

  /** From now on none of those that are here may miss any of these, not for a moment. */
  watch(ids: readonly string[]): void {
    clearInterval(this.#watch);
    const observers = [...this.members];
    this.#watch = setInterval(() => {
      for (const [observer, member] of observers) {
        for (const id of ids) {
          if (seenBy(member, id) === undefined) this.missed.push(`${observer} misses ${id} from ${Math.round(performance.now() / 100) * 100} ms on`);
        }
      }
    }, 10);
  }

  assertNobodyMissed(): void {
    const log = this.log.map(({ atMs, member, event, error }) => `${String(atMs)} ${String(member)} ${event} ${error instanceof Error ? error.message : ''}`);
    assert.equal(this.missed.length, 0, [...new Set(this.missed.slice(0, 200)), ...log].join('\n'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch);
    for (const child of this.#children) child.kill('SIGKILL');
    await Promise.all([...this.members.keys()].map((id) => this.leave(id)));
  }
}
