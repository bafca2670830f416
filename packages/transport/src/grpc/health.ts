/** `grpc.health.v1`, as the process says of itself when it is asked. */
import type { sendUnaryData, Server, ServerUnaryCall, ServerWritableStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Readiness } from '@proximadb/process';
import { HealthImplementation } from 'grpc-health-check';

/** How often the process is asked while somebody watches: nobody, mostly, and to ask it wakes the process. */
const watchedEveryMs = 100;

export interface Health {
  /** From now on NOT_SERVING, whatever the process says: load balancers look elsewhere while calls drain. */
  stop(): void;
}

/** What grpc-health-check serves; its types do not say. */
interface Handlers extends UntypedServiceImplementation {
  readonly check: (call: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) => void;
  readonly list: (call: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) => void;
  readonly watch: (call: ServerWritableStream<unknown, unknown>) => void;
}

/** Serves the status of the server (`''`) and of the service. */
export function addHealth(server: Server, service: string, readiness: () => Readiness): Health {
  let stopped = false;
  let watchers = 0;
  let timer: NodeJS.Timeout | undefined;
  const statusNow = (): 'SERVING' | 'NOT_SERVING' => (!stopped && readiness().ready ? 'SERVING' : 'NOT_SERVING');
  let status = statusNow();
  const health = new HealthImplementation({ '': status, [service]: status });
  const look = (): void => {
    const now = statusNow();
    if (now === status) return;
    status = now;
    health.setStatus('', status);
    health.setStatus(service, status);
  };
  const unwatched = (): void => {
    watchers -= 1;
    if (watchers === 0) clearInterval(timer);
  };
  health.addToServer({
    addService(definition: Parameters<Server['addService']>[0], { check, list, watch }: Handlers) {
      server.addService(definition, {
        check: (...call: Parameters<Handlers['check']>) => {
          look();
          check(...call);
        },
        list: (...call: Parameters<Handlers['list']>) => {
          look();
          list(...call);
        },
        watch: (call: Parameters<Handlers['watch']>[0]) => {
          look();
          watch(call);
          if (watchers === 0) timer = setInterval(look, watchedEveryMs).unref();
          watchers += 1;
          call.once('cancelled', unwatched);
        },
      });
    },
  } as unknown as Server);
  return {
    stop() {
      stopped = true;
      look();
    },
  };
}
