/** One request to an S3 server, signed (AWS Signature Version 4), so that parts and tests need no library of Amazon's. */
import { createHash, createHmac } from 'node:crypto';

export interface S3Access {
  /** `http://host:port`, without a path. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface S3Request {
  readonly method: 'GET' | 'PUT' | 'HEAD' | 'DELETE' | 'POST';
  /** `/bucket/key`, encoded. */
  readonly path: string;
  /** By name. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const encode = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** @throws TimeoutError if it is not answered in ten seconds. */
export async function s3Request(access: S3Access, { method, path, query = {}, headers = {}, body = '' }: S3Request): Promise<Response> {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${time.slice(0, 8)}/${access.region}/s3/aws4_request`;
  const search = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`).sort().join('&');
  const signed: Record<string, string> = {
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.trim()])),
    'host': new URL(access.endpoint).host, 'x-amz-content-sha256': sha256(body), 'x-amz-date': time,
  };
  const names = Object.keys(signed).sort();
  const canonical = [method, path, search, ...names.map((name) => `${name}:${signed[name] ?? ''}`), '', names.join(';'), sha256(body)].join('\n');
  const key = [scope.slice(0, 8), access.region, 's3', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${access.secretAccessKey}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${access.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  const { host: _host, ...sent } = signed;
  return fetch(`${access.endpoint}${path}${search === '' ? '' : `?${search}`}`, {
    method, signal: AbortSignal.timeout(10_000), headers: { ...sent, authorization },
    ...(method === 'GET' || method === 'HEAD' ? {} : { body: body as string }),
  });
}
