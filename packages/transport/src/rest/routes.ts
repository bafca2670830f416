/** The routes of the table of methods. */
import { descriptors, methods, type HttpRoute, type Method, type TypeDescriptor } from '@proximadb/schemas';
import { JsonNumber, type JsonValue } from '@proximadb/record';

export interface Route {
  readonly method: Method;
  readonly http: HttpRoute;
  /** The second route of a method: one record by its id, answered as itself. */
  readonly single: boolean;
}

export const routes: readonly Route[] = methods.flatMap((method) => [
  ...(method.http === null ? [] : [{ method, http: method.http, single: false }]),
  ...(method.extraHttp === undefined ? [] : [{ method, http: method.extraHttp, single: true }]),
]);

/** `/v1/collections/{collection}` as fastify writes it. */
export function fastifyPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

const patterns = routes.map(({ http }) => ({ method: http.method, pattern: new RegExp(`^${http.path.replace(/\{\w+\}/g, '[^/]+')}$`) }));

/** Methods that a path has; none if there is no such path. */
export function allowedMethods(path: string): string[] {
  return [...new Set(patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))].sort();
}

/** What the query says, as the body would say it; what does not fit its type stays a text, which is then refused by name. */
export function queryToJson(method: Method, query: Readonly<Record<string, string | string[]>>): Map<string, JsonValue> {
  const types = new Map(fieldTypes(method.requestName));
  return new Map(Object.entries(query).map(([name, given]) => [name, valueOf(types.get(name), given)]));
}

function fieldTypes(name: keyof typeof descriptors): [string, TypeDescriptor][] {
  return descriptors[name].fields.flatMap(({ jsonName, type }): [string, TypeDescriptor][] =>
    (type.kind === 'message' && descriptors[type.name].json === 'flatten' ? fieldTypes(type.name) : [[jsonName, type]]));
}

function valueOf(type: TypeDescriptor | undefined, given: string | string[]): JsonValue {
  if (type?.kind === 'array') return [given].flat().flatMap((text) => text.split(',')).map((text) => valueOf(type.items, text));
  if (typeof given !== 'string') return given;
  switch (type?.kind) {
    case 'int': case 'long': case 'double': return /^-?\d+(\.\d+)?$/.test(given) ? new JsonNumber(given) : given;
    case 'boolean': return given === 'true' ? true : given === 'false' ? false : given;
    default: return given;
  }
}
