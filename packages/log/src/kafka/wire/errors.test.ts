import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { protocolErrors } from '@platformatic/kafka';
import { errorName, protocolError } from './errors.ts';

test('each error has the number that another client of Kafka knows it by', () => {
  const known = Object.fromEntries(Object.entries(protocolErrors).map(([name, { code }]) => [name, code]));
  for (const [name, code] of Object.entries(protocolError)) {
    if (code !== 0) assert.equal(known[name], code, name);
    assert.equal(errorName(code), name);
  }
  assert.equal(errorName(12_345), 'error 12345');
});
