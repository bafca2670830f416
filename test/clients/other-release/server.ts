/**
 * A server as clients of this release meet it when it has another one: its own record schemas are older or newer ones.
 * Behind it is a real server of this release that takes records in them; before it a front that names them where a client asks which to write in.
 */
import { join } from 'node:path';
import { Client, credentials, Server, ServerCredentials, type Metadata, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { EmbeddedRegistry, schemaSubject } from '@proximadb/catalog';
import { EmbeddedLog } from '@proximadb/log/embedded';
import { GetSchemaRequest, methods } from '@proximadb/schemas';
import { standaloneConfig } from '@proximadb/standalone';
import { startServer, TemporaryFolder, type TestServer } from '../../e2e/server.ts';
import { releases, type RecordName, type ReleaseName } from './releases.ts';

export interface OtherRelease extends AsyncDisposable {
  /** Of the front, which serves the unary calls. */
  readonly address: string;
  /** The real server. */
  readonly server: TestServer;
  readonly schemaIds: Readonly<Record<RecordName, number>>;
}

export async function startOtherRelease(name: ReleaseName): Promise<OtherRelease> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(new TemporaryFolder());
  const schemaIds = await register(folder.path, releases[name]);
  const server = opened.use(await startServer({ data: folder.path }));
  const behind = new Client(`127.0.0.1:${server.standalone.grpcPort}`, credentials.createInsecure());
  opened.defer(() => { behind.close(); });
  const front = frontOf(behind, schemaIds);
  opened.defer(() => { front.forceShutdown(); });
  const port = await listen(front);
  const kept = opened.move();
  return { address: `127.0.0.1:${port}`, server, schemaIds, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** In the registry of a standalone installation that was never started. */
async function register(data: string, texts: Readonly<Record<RecordName, string>>): Promise<Record<RecordName, number>> {
  await using log = await EmbeddedLog.open({ directory: join(data, 'log'), ...standaloneConfig.parse({ data }).log });
  const registry = await EmbeddedRegistry.open(log);
  return {
    VectorRecord: await registry.register(schemaSubject('VectorRecord'), texts.VectorRecord),
    PatchRecord: await registry.register(schemaSubject('PatchRecord'), texts.PatchRecord),
  };
}

const same = (bytes: Buffer): Buffer => bytes;

function frontOf(behind: Client, schemaIds: Readonly<Record<string, number>>): Server {
  const front = new Server();
  const unary = methods.filter(({ stream }) => stream === 'unary');
  const definitions = unary.map(({ name, grpcPath }) => [name, {
    path: grpcPath, requestStream: false, responseStream: false,
    requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same,
  }] as const);
  const handlers = unary.map(({ name, grpcPath }) => [name, (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void => {
    const asked = name === 'GetSchema' ? asksForTheirs(call.request, schemaIds) : call.request;
    behind.makeUnaryRequest(grpcPath, same, same, asked, forwarded(call.metadata), answer);
  }] as const);
  front.addService(Object.fromEntries(definitions), Object.fromEntries(handlers));
  return front;
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

/** The one to write with is another schema's. */
function asksForTheirs(request: Buffer, schemaIds: Readonly<Record<string, number>>): Buffer {
  const { name, id } = GetSchemaRequest.decode(request);
  return Buffer.from(GetSchemaRequest.encode({ name, id: id ?? schemaIds[name] ?? null }));
}

/** What belongs to the connection stays behind. */
function forwarded(metadata: Metadata): Metadata {
  const copy = metadata.clone();
  for (const key of Object.keys(copy.getMap())) if (key.startsWith('grpc-') || key === 'user-agent') copy.remove(key);
  return copy;
}
