/** Server reflection, v1 and v1alpha. It is made when somebody first asks: that takes a fifth of a second, few ask, and every start would pay for it. */
import { EventEmitter } from 'node:events';
import { fileURLToPath } from 'node:url';
import { status, type Server, type ServerDuplexStream, type ServiceDefinition } from '@grpc/grpc-js';
import { toAppError } from '@proximadb/errors';
import { protoFile, serviceName } from '@proximadb/schemas';
import { asBuffer } from './buffer.ts';
import { toStatus } from './status.ts';

const versions = ['v1', 'v1alpha'] as const;
type Version = (typeof versions)[number];
const methodName = 'ServerReflectionInfo';
const pathOf = (version: Version): string => `/grpc.reflection.${version}.ServerReflection/${methodName}`;

/** What the library would have given to a server. */
interface Made {
  readonly method: ServiceDefinition[string];
  readonly handle: (stream: object) => void;
}

export function addReflection(server: Server): void {
  let making: Promise<ReadonlyMap<string, Made>> | undefined;
  for (const version of versions) {
    const definition = {
      [methodName]: {
        path: pathOf(version), requestStream: true, responseStream: true,
        requestSerialize: asBuffer, requestDeserialize: (bytes: Buffer) => bytes, responseSerialize: asBuffer, responseDeserialize: (bytes: Buffer) => bytes,
      },
    } satisfies ServiceDefinition;
    server.addService(definition, {
      [methodName]: (call: ServerDuplexStream<Buffer, Buffer>): void => {
        making ??= make();
        making.then((made) => { answer(call, made.get(pathOf(version))); }, (thrown: unknown) => { call.emit('error', toStatus(toAppError(thrown))); });
      },
    });
  }
}

async function make(): Promise<ReadonlyMap<string, Made>> {
  const [{ ReflectionService }, { loadSync }] = await Promise.all([import('@grpc/reflection'), import('@grpc/proto-loader')]);
  const made = new Map<string, Made>();
  const taking = {
    addService(definition: ServiceDefinition, handlers: Readonly<Record<string, (stream: object) => void>>): void {
      for (const [name, method] of Object.entries(definition)) {
        const handle = handlers[name];
        if (handle !== undefined) made.set(method.path, { method, handle });
      }
    },
  };
  new ReflectionService(loadSync(fileURLToPath(protoFile), { keepCase: true }), { services: [serviceName] }).addToServer(taking);
  return made;
}

/** Bytes of the call become messages of the library, and back. What came before is read only now. */
function answer(call: ServerDuplexStream<Buffer, Buffer>, made: Made | undefined): void {
  if (made === undefined) {
    call.emit('error', { code: status.UNIMPLEMENTED, details: 'this version of reflection is not there' });
    return;
  }
  const { method, handle } = made;
  const stream = Object.assign(new EventEmitter(), {
    write: (message: object) => call.write(method.responseSerialize(message)),
    end: () => { call.end(); },
  });
  handle(stream);
  call.on('data', (bytes: Buffer) => {
    try {
      stream.emit('data', method.requestDeserialize(bytes));
    } catch (thrown) {
      call.emit('error', { code: status.INVALID_ARGUMENT, details: `the message is no reflection request: ${toAppError(thrown).message}` });
    }
  });
  call.on('end', () => { stream.emit('end'); });
}
