/** A process that answers every call with what it was sent, by bare grpc-js: it tells its parent the port. */
import process from 'node:process';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { echoDefinition } from './echo.ts';

const server = new Server();
server.addService({ echo: echoDefinition }, {
  echo: (call: { readonly request: Buffer }, answer: (error: null, bytes: Buffer) => void) => { answer(null, call.request); },
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.send?.(port);
});
process.once('disconnect', () => { server.forceShutdown(); });
