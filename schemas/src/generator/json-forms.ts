/** The JSON forms that the messages cannot tell: records as objects instead of bytes, filters with operators, conditions. */

export interface Json {
  readonly [key: string]: unknown;
}

type Form = (reference: (name: string) => Json) => Json;

const condition: Readonly<Record<string, Json>> = {
  ifAbsent: { const: true, description: 'Only if no record has the id.' },
  ifPresent: { const: true, description: 'Only if a record has the id.' },
  ifVersion: { type: 'string', description: 'Only if the record has this version.' },
};

const id: Json = { type: 'string', minLength: 1, maxLength: 512, description: '1 to 512 bytes of UTF-8.' };

export const jsonForms: Readonly<Record<string, Form>> = {
  Long: () => ({
    description: 'A whole number of 64 bits: as a number where that is safe (up to 2^53 - 1), else as a string of digits. Both are read.',
    anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^-?[0-9]{1,19}$' }],
  }),
  Vector: () => ({ type: 'array', items: { type: 'number' }, description: 'Finite numbers, as many as the collection\'s dimension.' }),
  Metadata: () => ({
    type: 'object',
    description: 'Keys with null, booleans, numbers, strings, arrays, and objects of these, up to 16 levels. A number without point or exponent is a whole '
      + 'number of 64 bits, any other a double. Bytes are {"$bytes": "<base64>"}; a map of exactly that look is {"$map": {…}}.',
  }),
  VectorRecord: (reference) => ({
    type: 'object',
    properties: {
      id, vector: reference('Vector'), metadata: reference('Metadata'),
      timestamp: { ...reference('Long'), description: 'µs since 1970-01-01 UTC.' },
      expiresAt: { anyOf: [reference('Long'), { type: 'null' }], description: 'µs since 1970-01-01 UTC; from this instant on the record is in no answer.' },
      ...condition,
    },
    required: ['id', 'vector'], additionalProperties: false,
  }),
  PatchRecord: (reference) => ({
    type: 'object',
    properties: {
      id, vector: { ...reference('Vector'), description: 'In place of the old one.' },
      set: { ...reference('Metadata'), description: 'Top-level metadata keys to add or replace.' },
      unset: { type: 'array', items: { type: 'string' }, description: 'Top-level metadata keys to remove.' },
      timestamp: { ...reference('Long'), description: 'µs since 1970-01-01 UTC.' },
      expiresAt: { anyOf: [reference('Long'), { type: 'null' }], description: 'µs since 1970-01-01 UTC; null: never. Absent: as it was.' },
      ...condition,
    },
    required: ['id'], additionalProperties: false,
  }),
  Conditions: () => ({
    type: 'array', description: 'None, one for all ids, or one an id; each has exactly one of the three.',
    items: { type: 'object', properties: condition, additionalProperties: false, minProperties: 1, maxProperties: 1 },
  }),
  // What is below a path is left to the one reader of filters, whose errors name the place.
  Filter: (reference) => ({
    type: 'object',
    description: 'Dotted paths into the metadata, or $timestamp for the record\'s own, each with a value (equals) or operators: $eq $ne $gt $gte $lt $lte $in '
      + '$nin $exists $contains $startsWith. All must hold. $and, $or and $not combine filters.',
    examples: [{ year: { $gte: 2020 }, $or: [{ lang: 'de' }, { tags: { $in: ['a', 'b'] } }] }],
    properties: {
      $and: { type: 'array', items: reference('Filter') },
      $or: { type: 'array', items: reference('Filter') },
      $not: reference('Filter'),
    },
  }),
  StoredRecord: (reference) => ({
    type: 'object',
    properties: {
      id: { type: 'string' }, version: { type: 'string' }, vector: reference('Vector'), metadata: reference('Metadata'),
      timestamp: reference('Long'), expiresAt: reference('Long'),
    },
    required: ['id', 'version', 'timestamp'],
  }),
  Hit: (reference) => ({
    type: 'object',
    properties: {
      id: { type: 'string' },
      score: { type: 'number', description: 'Higher is better, for every metric.' },
      distance: { type: 'number', description: 'The metric\'s raw figure.' },
      version: { type: 'string' }, vector: reference('Vector'), metadata: reference('Metadata'),
    },
    required: ['id', 'score', 'distance', 'version'],
  }),
  ErrorBody: (reference) => ({ type: 'object', properties: { error: reference('Error') }, required: ['error'] }),
};
