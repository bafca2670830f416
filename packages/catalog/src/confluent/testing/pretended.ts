/** For faults that no real registry can be made to show: a web server that answers as a test says. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

export class Pretended implements AsyncDisposable {
  readonly url: string;
  readonly asked: Asked[] = [];
  readonly #server: ReturnType<typeof createServer>;

  static async start(answer: (response: ServerResponse, asked: Asked, at: number) => void): Promise<Pretended> {
    const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const asked: Asked = {
        method: request.method ?? '', path: request.url ?? '', authorization: request.headers.authorization, body: Buffer.concat(chunks).toString(),
      };
      pretended.asked.push(asked);
      answer(response, asked, pretended.asked.length - 1);
    };
    const server = createServer((request, response) => { handle(request, response).catch(() => response.destroy()); });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    const pretended = new Pretended(server);
    return pretended;
  }

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => { this.#server.close(resolve); });
  }
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' }).end(JSON.stringify(body));
}
