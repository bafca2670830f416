/**
 * Keys are 1 to 900 characters of `[A-Za-z0-9._/-]`; their parts, between slashes, have 1 to 200, and none is `.` or `..`.
 * No key may be the folder of another (`a` and `a/b`): a directory could not hold both. Nor may two differ in case only.
 */
import { invalid } from '@proximadb/errors';

const keyCharactersMax = 900;
const keyPattern = /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]{1,200}(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]{1,200})*$/;
const prefixPattern = /^[A-Za-z0-9._/-]*$/;

/** @throws AppError INVALID_ARGUMENT. */
export function checkKey(key: string): void {
  if (key.length > keyCharactersMax || !keyPattern.test(key)) throw invalid(`${JSON.stringify(key)} is not a key of a blob`, { field: 'key' });
}

/** Of a listing: any beginning of a key, or ''. @throws AppError INVALID_ARGUMENT. */
export function checkPrefix(prefix: string): void {
  const inside = prefix.split('/').slice(0, -1).some((part) => part === '' || part === '.' || part === '..');
  if (prefix.length > keyCharactersMax || !prefixPattern.test(prefix) || inside) {
    throw invalid(`${JSON.stringify(prefix)} is not the beginning of a key`, { field: 'prefix' });
  }
}
