/**
 * JSON whose numbers keep their source text, so that an i64 is never rounded, and which refuses what JSON.parse lets pass:
 * a key twice in an object, half of a surrogate pair, nesting without a bound.
 */
import { invalid, type AppError } from '@proximadb/errors';

/** A JSON number as it was written. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Whether it is written without a fraction and an exponent. */
  get isInteger(): boolean {
    return !/[.eE]/.test(this.text);
  }

  /** The nearest double; ±∞ beyond the range of doubles. */
  toNumber(): number {
    return Number(this.text);
  }

  /** Its exact value; null if it is not written as an integer, or takes more than 64 bits. */
  toLong(): bigint | null {
    return longOf(this.text);
  }
}

/** In the order of the text. */
export type JsonObject = ReadonlyMap<string, JsonValue>;
export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | JsonObject;

/** Arrays and objects inside of each other. */
const depthMax = 64;

/** The integer that the decimal digits say; null if there is another character, or it takes more than 64 bits. */
export function longOf(text: string): bigint | null {
  // The length first: reading a number of a million digits takes quadratic time.
  if (!/^-?[0-9]{1,19}$/.test(text)) return null;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : null;
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

/** @throws AppError INVALID_ARGUMENT that says where; bytes have to be valid UTF-8 */
export function parseJson(text: string | Uint8Array): JsonValue {
  if (typeof text === 'string') return new Parser(text).parse();
  let decoded: string;
  try {
    decoded = new TextDecoder('utf-8', { fatal: true }).decode(text);
  } catch (cause) {
    throw cause instanceof TypeError ? invalid('the JSON is not valid UTF-8') : cause;
  }
  return new Parser(decoded).parse();
}

const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const plainPattern = /[^"\\\u0000-\u001f]*/y;
const spacePattern = /[ \t\n\r]*/y;
const escapes: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

class Parser {
  readonly #text: string;
  #position = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): JsonValue {
    const value = this.#value();
    this.#space();
    if (this.#position < this.#text.length) throw this.#fault('something follows the value');
    return value;
  }

  #fault(reason: string): AppError {
    return invalid(`JSON, at character ${this.#position}: ${reason}`);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const matched = pattern.exec(this.#text)?.[0] ?? '';
    this.#position += matched.length;
    return matched;
  }

  #space(): void {
    if (this.#text.charCodeAt(this.#position) <= 0x20) this.#match(spacePattern);
  }

  #take(character: string): boolean {
    if (this.#text[this.#position] !== character) return false;
    this.#position++;
    return true;
  }

  #value(): JsonValue {
    this.#space();
    switch (this.#text[this.#position]) {
      case undefined: throw this.#fault('the text ends where a value should be');
      case '{': return this.#object();
      case '[': return this.#array();
      case '"': return this.#string();
      case 't': return this.#word('true', true);
      case 'f': return this.#word('false', false);
      case 'n': return this.#word('null', null);
      default: {
        const number = this.#match(numberPattern);
        if (number === '') throw this.#fault('no value begins like this');
        return new JsonNumber(number);
      }
    }
  }

  #word<Value>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#position)) throw this.#fault('no value begins like this');
    this.#position += word.length;
    return value;
  }

  #descend(): void {
    this.#position++;
    if (++this.#depth > depthMax) throw this.#fault(`nests deeper than ${depthMax} levels`);
    this.#space();
  }

  #array(): JsonValue[] {
    const array: JsonValue[] = [];
    this.#descend();
    if (!this.#take(']')) {
      do {
        array.push(this.#value());
        this.#space();
      } while (this.#take(','));
      if (!this.#take(']')) throw this.#fault('an array goes on with , or ]');
    }
    this.#depth--;
    return array;
  }

  #object(): JsonObject {
    const object = new Map<string, JsonValue>();
    this.#descend();
    if (!this.#take('}')) {
      do {
        this.#space();
        if (this.#text[this.#position] !== '"') throw this.#fault('a key is a string');
        const key = this.#string();
        if (object.has(key)) throw this.#fault(`the key "${key.slice(0, 100)}" is there twice`);
        this.#space();
        if (!this.#take(':')) throw this.#fault('a colon follows a key');
        object.set(key, this.#value());
        this.#space();
      } while (this.#take(','));
      if (!this.#take('}')) throw this.#fault('an object goes on with , or }');
    }
    this.#depth--;
    return object;
  }

  #string(): string {
    this.#position++;
    let text = this.#match(plainPattern);
    while (!this.#take('"')) {
      if (!this.#take('\\')) throw this.#fault(this.#position >= this.#text.length ? 'a string has no end' : 'a control character in a string');
      text += this.#escape() + this.#match(plainPattern);
    }
    if (!text.isWellFormed()) throw this.#fault('the string before has half of a surrogate pair');
    return text;
  }

  #escape(): string {
    const character = this.#text[this.#position] ?? '';
    this.#position++;
    if (character !== 'u') {
      const meant = Object.hasOwn(escapes, character) ? escapes[character] : undefined;
      if (meant === undefined) throw this.#fault('no such escape');
      return meant;
    }
    const digits = this.#text.slice(this.#position, this.#position + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#fault('\\u is followed by four hexadecimal digits');
    this.#position += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }
}
