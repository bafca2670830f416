/** What a registry is asked, one question a method, and its answers as types: what comes from outside is checked here. */
import { AppError } from '@proximadb/errors';
import { asWords, RegistryKnowsNone } from './answers.ts';
import { createRegistryClient, within, type RegistryClient } from './client.ts';
import type { RegistryTransport } from './transport.ts';

export interface Registered {
  readonly id: number;
  /** Of the subject, from 1 on. */
  readonly version: number;
}

export interface Verdict {
  readonly compatible: boolean;
  /** In the registry's words; not every registry gives them. */
  readonly reasons: readonly string[];
}

/** Reasons that are passed on of all that a registry gives. */
const reasonsMax = 8;

/** Each is asked before a deadline, in ms of the monotonic clock, and throws as {@link RegistryTransport.ask}, but for what is not there. */
export class RegistryQuestions {
  readonly #client: RegistryClient;

  constructor(transport: RegistryTransport) {
    this.#client = createRegistryClient(transport);
  }

  async schema(id: number, deadlineMs: number): Promise<string | undefined> {
    return orNone(async () => {
      const { schema } = (await this.#client.Schema.find({ id }, within(deadlineMs))).data<{ schema?: unknown }>();
      if (typeof schema !== 'string') throw strange(`no text for schema id ${id}`);
      return schema;
    });
  }

  async registered(subject: string, schema: string, deadlineMs: number): Promise<Registered | undefined> {
    return orNone(async () => {
      const answer = await this.#client.Subject.registered({ subject, body: { schema } }, within(deadlineMs));
      const { id, version } = answer.data<{ id?: unknown; version?: unknown }>();
      return { id: wholeFrom1(id, 'id'), version: wholeFrom1(version, 'version') };
    });
  }

  /** @returns its id */
  async register(subject: string, schema: string, deadlineMs: number): Promise<number> {
    const answer = await this.#client.Subject.register({ subject, body: { schema } }, within(deadlineMs));
    return wholeFrom1(answer.data<{ id?: unknown }>().id, 'id');
  }

  /** Whether it would be taken as the next version; also if there is no such subject. */
  async verdict(subject: string, schema: string, deadlineMs: number): Promise<Verdict> {
    return await orNone(async () => {
      const answer = await this.#client.Subject.compatible({
        // With all versions that the level names; the library's own path is about one of them.
        path: '/compatibility/subjects/{subject}/versions', version: undefined, subject, verbose: true, body: { schema },
      }, within(deadlineMs));
      const { is_compatible: compatible, messages } = answer.data<{ is_compatible?: unknown; messages?: unknown }>();
      if (typeof compatible !== 'boolean') throw strange('no answer to whether a schema is compatible');
      const reasons = Array.isArray(messages) ? messages.filter((message) => typeof message === 'string' && message !== '') : [];
      return { compatible, reasons: compatible ? [] : reasons.slice(0, reasonsMax).map(asWords) };
    }) ?? { compatible: true, reasons: [] };
  }

  /** The compatibility level that a subject has of its own. */
  async levelOf(subject: string, deadlineMs: number): Promise<string | undefined> {
    return orNone(async () => levelIn(await this.#client.Subject.config({ subject }, within(deadlineMs))));
  }

  /** The one that holds for subjects without one. */
  async levelOfAll(deadlineMs: number): Promise<string | undefined> {
    return orNone(async () => levelIn(await this.#client.Subject.config({ path: '/config' }, within(deadlineMs))));
  }

  /** @returns false if the registry takes none for a subject that has no version yet */
  async setLevel(subject: string, compatibility: string, deadlineMs: number): Promise<boolean> {
    const done = orNone(async () => this.#client.Subject.updateConfig({ subject, body: { compatibility } }, within(deadlineMs)));
    return await done !== undefined;
  }
}

async function orNone<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await ask();
  } catch (thrown) {
    if (thrown instanceof RegistryKnowsNone) return undefined;
    throw thrown;
  }
}

function levelIn(answer: { data<Data>(): Data }): string {
  const { compatibilityLevel } = answer.data<{ compatibilityLevel?: unknown }>();
  if (typeof compatibilityLevel !== 'string') throw strange('no compatibility level');
  return compatibilityLevel.toUpperCase();
}

function wholeFrom1(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 0x7fff_ffff) throw strange(`no ${what} that is a whole number from 1 on`);
  return value;
}

/** JSON, but not that of a registry: whatever stands in its place, it is not there. */
function strange(what: string): AppError {
  return new AppError('UNAVAILABLE', `what answers in the place of the schema registry gives ${what}`);
}
