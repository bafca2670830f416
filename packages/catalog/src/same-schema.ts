/**
 * Whether two texts are one Avro schema. A registry gives a schema back in its own form: with other white space, as most do, or as Avro's
 * library for Java writes it, with names and namespaces apart and names shortened.
 */
export function sameSchema(one: string, other: string): boolean {
  return one === other || normalForm(one) === normalForm(other);
}

/** A schema comes from outside: deeper ones are compared as texts. */
const depthMax = 200;

type Json = Readonly<Record<string, unknown>>;

/** All names whole, nothing but what gives bytes a meaning, attributes in one order. */
function normalForm(text: string): string {
  try {
    return JSON.stringify(new Normalizer().type(JSON.parse(text), '', 0));
  } catch {
    return text;
  }
}

class Normalizer {
  readonly #defined = new Set<string>();

  type(schema: unknown, namespace: string, depth: number): unknown {
    if (depth > depthMax) throw new Error('too deep');
    if (typeof schema === 'string') return this.#named(schema, namespace);
    if (Array.isArray(schema)) return schema.map((branch) => this.type(branch, namespace, depth + 1));
    if (typeof schema !== 'object' || schema === null) throw new Error('no schema');
    const json = schema as Json;
    switch (json['type']) {
      case 'array': return { type: 'array', items: this.type(json['items'], namespace, depth + 1) };
      case 'map': return { type: 'map', values: this.type(json['values'], namespace, depth + 1) };
      case 'record': case 'error': return this.#record(json, namespace, depth);
      case 'enum': return { ...this.#definition(json, namespace), symbols: json['symbols'], default: json['default'] };
      case 'fixed': return { ...this.#definition(json, namespace), size: json['size'], ...logical(json) };
      default: return this.#annotated(json, namespace, depth);
    }
  }

  #record(json: Json, namespace: string, depth: number): unknown {
    const definition = this.#definition(json, namespace);
    const inner = namespaceOf(definition.name);
    if (!Array.isArray(json['fields'])) throw new Error('no fields');
    const fields = (json['fields'] as readonly Json[]).map((field) => ({
      name: field['name'], type: this.type(field['type'], inner, depth + 1), aliases: field['aliases'],
      ...('default' in field ? { default: ordered(field['default'], depth + 1) } : {}),
    }));
    return { ...definition, fields };
  }

  #definition(json: Json, namespace: string): { readonly type: unknown; readonly name: string; readonly aliases: unknown } {
    const { name, namespace: own, aliases } = json;
    if (typeof name !== 'string') throw new Error('no name');
    const whole = wholeName(name, typeof own === 'string' ? own : namespace);
    this.#defined.add(whole);
    const inner = namespaceOf(whole);
    return { type: json['type'], name: whole, aliases: Array.isArray(aliases) ? aliases.map((alias) => wholeName(String(alias), inner)) : undefined };
  }

  /** `{"type": "long", "logicalType": …}`, or a type in one more pair of braces. */
  #annotated(json: Json, namespace: string, depth: number): unknown {
    const type = this.type(json['type'], namespace, depth + 1);
    const meaning = logical(json);
    return Object.keys(meaning).length === 0 ? type : { type, ...meaning };
  }

  #named(name: string, namespace: string): string {
    const whole = wholeName(name, namespace);
    return this.#defined.has(whole) ? whole : name;
  }
}

function logical(json: Json): Json {
  return Object.fromEntries(['logicalType', 'precision', 'scale'].flatMap((key) => (key in json ? [[key, json[key]]] : [])));
}

function wholeName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

function namespaceOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('.')));
}

function ordered(value: unknown, depth: number): unknown {
  if (depth > depthMax) throw new Error('too deep');
  if (Array.isArray(value)) return value.map((item) => ordered(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, ordered(item, depth + 1)]));
}
