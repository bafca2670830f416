/** What the numbers of the messages mean on the wire, for the check that they keep their meaning. */
import type { ApiSurface } from '../compatibility.ts';
import { lookup, nullable, type AvroType, type Model, type NamedType } from './model.ts';

export function apiSurface(model: Model): ApiSurface {
  const surface: Record<string, Record<string, string>> = {};
  for (const type of model.types.values()) {
    if (!isMessageType(type)) continue;
    const numbers: Record<string, string> = {};
    surface[type.name] = numbers;
    if (type.kind === 'enum') {
      for (const symbol of type.symbols) numbers[String(type.numbers[symbol])] = symbol;
      continue;
    }
    for (const field of type.fields) {
      const members = field.oneof ?? [{ ...field, number: field.number ?? 0 }];
      for (const member of members) numbers[String(member.number)] = `${member.name}: ${meaning(model, member.type)}`;
    }
  }
  return surface;
}

export function retiredNumbers(model: Model): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries([...model.types.values()].filter(isMessageType).map((type) => [type.name, type.reserved]));
}

/** Releases of the services run side by side during an upgrade: what they say to each other keeps its meaning, too. */
function isMessageType(type: NamedType): boolean {
  return type.area === 'api' || type.area === 'cluster';
}

function meaning(model: Model, type: AvroType): string {
  const inner = nullable(type);
  if (inner !== null) return `${meaning(model, inner)}?`;
  switch (type.kind) {
    case 'primitive': return type.name;
    case 'array': return `${meaning(model, type.items)}[]`;
    case 'map': return `map<${meaning(model, type.values)}>`;
    case 'named': return lookup(model, type.fullName).name;
    case 'union': throw new Error('a union in the API is null and one type, or has the attribute oneof');
  }
}
