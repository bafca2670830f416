import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { AppError, fromPlainError, grpcStatus, httpStatus, invalid, toAppError, toPlainError, type Code } from './index.ts';

test('an invalid request names its record and field in message and details', () => {
  const error = invalid('must be finite', { record: 3, field: 'vector[7]' });
  assert.equal(error.code, 'INVALID_ARGUMENT');
  assert.equal(error.message, 'record 3, vector[7]: must be finite');
  assert.deepEqual(error.details, [{ record: 3, field: 'vector[7]', reason: 'must be finite' }]);
  assert.equal(error.retryable, false);
});

test('every code has an HTTP status of the promised list', () => {
  const promised = new Set([400, 401, 403, 404, 409, 413, 429, 499, 500, 501, 503, 504]);
  for (const code of Object.keys(grpcStatus) as Code[]) assert.ok(promised.has(httpStatus(new AppError(code, ''))), code);
});

test('an exhausted resource is 429 with a time to come back, 413 without', () => {
  assert.equal(httpStatus(new AppError('RESOURCE_EXHAUSTED', '', { retryAfterMs: 10 })), 429);
  assert.equal(httpStatus(new AppError('RESOURCE_EXHAUSTED', '')), 413);
});

test('an unknown throw becomes INTERNAL and keeps its cause', () => {
  const cause = new TypeError('x');
  assert.equal(toAppError(cause).code, 'INTERNAL');
  assert.equal(toAppError(cause).cause, cause);
});

test('an error comes out of its plain form as it went in, without its cause', () => {
  const details = [{ record: 3, reason: 'a' }, { field: 'vector[7]', reason: 'b' }, { reason: 'c' }];
  for (const error of [
    new AppError('ABORTED', 'nothing was written', { details, retryAfterMs: 12, token: 'abc', cause: new Error('inner') }),
    new AppError('DATA_LOSS', ''),
  ]) {
    const back = fromPlainError(structuredClone(toPlainError(error)));
    assert.deepEqual(
      [back.code, back.message, back.details, back.retryAfterMs, back.token, back.cause],
      [error.code, error.message, error.details, error.retryAfterMs, error.token, undefined]);
  }
});

test('an unknown code is INTERNAL, and text that cannot be encoded is mended', () => {
  const plain = { code: 'toString', message: 'm', details: [], retryAfterMs: null, token: null };
  assert.equal(fromPlainError(plain).code, 'INTERNAL');
  const cause = new Error('of the connection');
  assert.equal(fromPlainError({ ...plain, code: 'UNAVAILABLE' }, cause).cause, cause);
  const { message, retryAfterMs } = toPlainError(new AppError('INTERNAL', 'cut\ud83d', { retryAfterMs: 0.5 }));
  assert.deepEqual([message, retryAfterMs], ['cut\ufffd', 1]);
});
