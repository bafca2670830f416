/** Where a registry answers, and as whom we ask. */
import { invalid } from '@proximadb/errors';

export interface RegistryAddress {
  /** Base URL without credentials, query and slash at the end: the paths of the API follow it. */
  readonly base: string;
  /** Value of the header Authorization; undefined: none. It is a secret. */
  readonly authorization: string | undefined;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Addresses that one registry may have. */
const addressesMax = 16;

/**
 * @param urls - of one registry, separated by commas: `http://host:8081`, `https://user:password@host/path`; a comma, `@`, `:` or `/` in a
 *   password is written as %2C, %40, %3A or %2F
 * @param credentials - for the URLs that have none of their own
 * @throws AppError INVALID_ARGUMENT, which shows no password
 */
export function parseAddresses(urls: string, credentials?: Credentials): readonly [RegistryAddress, ...RegistryAddress[]] {
  const texts = urls.split(',').map((text) => text.trim()).filter((text) => text !== '');
  const [first, ...rest] = texts.map((text, place) => parseAddress(text, place, credentials));
  if (first === undefined) throw invalid('names no URL', { field: 'registry' });
  if (rest.length >= addressesMax) throw invalid(`names more than ${addressesMax} URLs`, { field: 'registry' });
  return [first, ...rest];
}

function parseAddress(text: string, place: number, credentials: Credentials | undefined): RegistryAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // The text is not shown: it may hold a password.
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw invalid(`URL ${place + 1} is none of http://host:port or https://host:port`, { field: 'registry' });
  }
  if (url.search !== '' || url.hash !== '') throw invalid(`URL ${place + 1} must end with its path`, { field: 'registry' });
  const own = url.username === '' && url.password === '' ? undefined : { username: decoded(url.username, place), password: decoded(url.password, place) };
  return { base: `${url.origin}${url.pathname.replace(/\/+$/, '')}`, authorization: basic(own ?? credentials) };
}

function decoded(text: string, place: number): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(`the credentials of URL ${place + 1} have a % that is not written as %25`, { field: 'registry' });
  }
}

function basic(credentials: Credentials | undefined): string | undefined {
  if (credentials === undefined) return undefined;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}
