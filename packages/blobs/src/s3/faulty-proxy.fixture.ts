/** Between the client and a real server: passes requests on, and spoils those that a test wants spoilt. */
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Passing {
  readonly method: string;
  /** With the query. */
  readonly url: string;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** What becomes of one request. */
export type Fault =
  /** Passed on, its answer never comes: the connection breaks. */
  | { readonly kind: 'swallow-answer' }
  /** Not passed on: the connection breaks. */
  | { readonly kind: 'break' }
  /** Not passed on, and nothing is said. */
  | { readonly kind: 'silence' }
  /** Not passed on. */
  | { readonly kind: 'answer'; readonly status: number; readonly code: string }
  /** The answer breaks off after so many bytes of its body. */
  | { readonly kind: 'cut'; readonly bytes: number }
  /** One bit of the answer's body is another one. */
  | { readonly kind: 'flip' }
  /** Passed on, and asked again in another form. */
  | { readonly kind: 'change'; readonly headers: (headers: Passing['headers']) => Passing['headers'] }
  | { readonly kind: 'replace'; readonly by: (passing: Passing) => Promise<Answer> };

export interface FaultyProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** All requests so far. */
  readonly seen: Passing[];
  /** Undefined: nothing is spoilt. Asked for each request. */
  spoil: ((passing: Passing) => Fault | undefined) | undefined;
}

export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const seen: Passing[] = [];
  const server = createServer((request, response) => {
    // A broken connection is what it is for.
    handle(request, response).catch(() => { response.destroy(); });
  });
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    const passing: Passing = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    seen.push(passing);
    const fault = proxy.spoil?.(passing);
    switch (fault?.kind) {
      case undefined: give(response, await passOn(passing)); return;
      case 'swallow-answer': await passOn(passing); response.destroy(); return;
      case 'break': response.destroy(); return;
      case 'silence': return;
      case 'answer': {
        const said = `<Error><Code>${fault.code}</Code><Message>spoilt</Message></Error>`;
        give(response, { status: fault.status, headers: { 'content-type': 'application/xml' }, body: Buffer.from(said) });
        return;
      }
      case 'cut': {
        const { status, headers, body } = await passOn(passing);
        response.writeHead(status, headers);
        response.write(body.subarray(0, fault.bytes), () => { response.destroy(); });
        return;
      }
      case 'flip': {
        const answer = await passOn(passing);
        const middle = answer.body.length >> 1;
        answer.body[middle] = answer.body[middle]! ^ 4;
        give(response, answer);
        return;
      }
      case 'change': give(response, await passOn({ ...passing, headers: fault.headers({ ...passing.headers }) })); return;
      case 'replace': give(response, await fault.by(passing)); return;
    }
  };
  const passOn = async ({ method, url, headers, body }: Passing): Promise<Answer> => new Promise((resolve, reject) => {
    // The host is what the client signed.
    const onward = ask(new URL(url, target), { method, headers }, (answer) => {
      Array.fromAsync(answer as AsyncIterable<Buffer>).then((chunks) => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) });
      }, reject);
    });
    onward.on('error', reject);
    onward.end(body);
  });
  const give = (response: ServerResponse, { status, headers, body }: Answer): void => {
    response.writeHead(status, headers);
    response.end(body);
  };
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const proxy: FaultyProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, spoil: undefined,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => { server.close(resolve); });
    },
  };
  return proxy;
}
