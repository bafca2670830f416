import { AppError, invalid } from '@proximadb/errors';
import { checkSchema, type SchemaRegistry } from '../registry.ts';
import { parseAddresses, type Credentials } from './addresses.ts';
import type { RegistryTls } from './exchange.ts';
import { levelOver } from './levels.ts';
import { RegistryQuestions, type Registered, type Verdict } from './questions.ts';
import { RegistryTransport } from './transport.ts';

export interface ConfluentOptions {
  /** Base URLs of one registry, separated by commas: `https://user:password@host:8081`. They are asked in turn until one answers. */
  readonly url: string;
  /** For the URLs that have none. */
  readonly credentials?: Credentials;
  /** For https. */
  readonly tls?: RegistryTls;
  /** How long one call may take with all that it asks. Default 5,000. */
  readonly timeoutMs?: number;
  /** How often each URL is tried within that time. Default 3. */
  readonly roundsMax?: number;
  /** Pause after the first round; after each other twice the one before. Default 100. */
  readonly pauseMs?: number;
  /** Questions under way at once. Default 128. */
  readonly questionsMax?: number;
  /** Ids remembered of what was registered. Default 1,000. */
  readonly idsMax?: number;
}

interface Remembered {
  readonly id: number;
  readonly subject: string;
  readonly schemaText: string;
}

/**
 * A schema registry with the Confluent API: Confluent's own, Redpanda's, Karapace, Apicurio. It owns no connection, so nothing has to be closed.
 * All calls throw AppError UNAVAILABLE if nobody answers in time; UNAUTHENTICATED or PERMISSION_DENIED, for an operator, if the registry does not
 * accept or permit us; RESOURCE_EXHAUSTED past the limits.
 */
export class ConfluentRegistry implements SchemaRegistry {
  readonly #ask: RegistryQuestions;
  readonly #timeoutMs: number;
  readonly #idsMax: number;
  /** By subject and text; the oldest goes first. */
  readonly #ids = new Map<string, Remembered>();

  /** Nothing is asked before the first call. @throws AppError INVALID_ARGUMENT for a URL that is none. */
  constructor(options: ConfluentOptions) {
    this.#ask = new RegistryQuestions(new RegistryTransport({
      addresses: parseAddresses(options.url, options.credentials), tls: options.tls, roundsMax: options.roundsMax ?? 3, pauseMs: options.pauseMs ?? 100,
      questionsMax: options.questionsMax ?? 128,
    }));
    this.#timeoutMs = options.timeoutMs ?? 5_000;
    this.#idsMax = options.idsMax ?? 1_000;
  }

  /**
   * The subject is given the level BACKWARD_TRANSITIVE if it promises less; it never loses what it promises.
   * @throws AppError INVALID_ARGUMENT, with the registry's reasons, for a schema that cannot read what older versions wrote;
   *   FAILED_PRECONDITION if the registry may only be read
   */
  async register(subject: string, schemaText: string): Promise<number> {
    checkSchema(subject, schemaText);
    const known = this.#ids.get(keyOf({ subject, schemaText }));
    if (known !== undefined) return known.id;
    const deadlineMs = this.#deadlineMs();
    // Asked first, so that whoever may only read a registry that was filled by another can work.
    const registered = await this.#ask.registered(subject, schemaText, deadlineMs);
    const id = registered === undefined ? await this.#registerNew(subject, schemaText, deadlineMs) : registered.id;
    if (registered !== undefined) await this.#raiseIfPermitted(subject, deadlineMs);
    this.#remember({ id, subject, schemaText });
    return id;
  }

  async byId(id: number): Promise<string | undefined> {
    const schemaText = await this.#ask.schema(id, this.#deadlineMs());
    // A registry that lost what it knew, or is another one, is asked again for everything.
    if (schemaText === undefined) for (const [key, remembered] of this.#ids) if (remembered.id === id) this.#ids.delete(key);
    return schemaText;
  }

  /** Under which id and version a schema is registered in a subject; undefined if it is not. Changes nothing. */
  async find(subject: string, schemaText: string): Promise<Registered | undefined> {
    checkSchema(subject, schemaText);
    return this.#ask.registered(subject, schemaText, this.#deadlineMs());
  }

  /** Whether a schema would be taken as the next version of a subject at the subject's present level. Changes nothing. */
  async verdict(subject: string, schemaText: string): Promise<Verdict> {
    checkSchema(subject, schemaText);
    return this.#ask.verdict(subject, schemaText, this.#deadlineMs());
  }

  #deadlineMs(): number {
    return performance.now() + this.#timeoutMs;
  }

  /** The level comes first, so that nothing incompatible slips in before it; where a subject without versions cannot have one, after. */
  async #registerNew(subject: string, schemaText: string, deadlineMs: number): Promise<number> {
    const raised = await this.#raise(subject, deadlineMs);
    const id = await this.#ask.register(subject, schemaText, deadlineMs).catch(async (thrown: unknown) => {
      throw thrown instanceof AppError && thrown.code === 'INVALID_ARGUMENT' ? await this.#refusal(subject, schemaText, thrown, deadlineMs) : thrown;
    });
    if (!raised) await this.#raise(subject, deadlineMs);
    return id;
  }

  /** Some registries say why only if they are asked for it. */
  async #refusal(subject: string, schemaText: string, refused: AppError, deadlineMs: number): Promise<AppError> {
    const said = refused.details[0]?.reason ?? refused.message;
    const { reasons } = await this.#ask.verdict(subject, schemaText, deadlineMs).catch(() => ({ reasons: [] }));
    const words = [said, ...reasons.filter((reason) => !said.includes(reason))].join('; ');
    return invalid(`the schema registry refuses it for subject ${subject}: ${words}`, { field: 'schema' });
  }

  /** @returns false if it has to be done again when the subject has a version */
  async #raise(subject: string, deadlineMs: number): Promise<boolean> {
    const own = await this.#ask.levelOf(subject, deadlineMs);
    // Some say NONE of a subject that has no level of its own, although that of all holds for it.
    const all = own === undefined || own === 'NONE' ? await this.#ask.levelOfAll(deadlineMs) : undefined;
    const wanted = levelOver([own, all].filter((level) => level !== undefined));
    if (wanted === undefined || wanted === own) return true;
    try {
      return await this.#ask.setLevel(subject, wanted, deadlineMs);
    } catch (thrown) {
      // Of several processes that start at once one is first; to the others some registries answer that it is there already.
      if (await this.#ask.levelOf(subject, deadlineMs) === wanted) return true;
      throw thrown;
    }
  }

  async #raiseIfPermitted(subject: string, deadlineMs: number): Promise<void> {
    try {
      await this.#raise(subject, deadlineMs);
    } catch (thrown) {
      if (!(thrown instanceof AppError) || !['PERMISSION_DENIED', 'UNAUTHENTICATED', 'FAILED_PRECONDITION'].includes(thrown.code)) throw thrown;
    }
  }

  #remember(remembered: Remembered): void {
    this.#ids.set(keyOf(remembered), remembered);
    if (this.#ids.size <= this.#idsMax) return;
    for (const oldest of this.#ids.keys()) {
      this.#ids.delete(oldest);
      return;
    }
  }
}

function keyOf({ subject, schemaText }: Pick<Remembered, 'subject' | 'schemaText'>): string {
  return JSON.stringify([subject, schemaText]);
}
