/** `grpc.health.v1`, following what the process says about itself. */
import type { Server } from '@grpc/grpc-js';
import type { Readiness } from '@proximadb/process';
import { HealthImplementation } from 'grpc-health-check';

/** How often the process is asked. */
const askEveryMs = 100;

export interface Health {
  /** From now on NOT_SERVING, whatever the process says: load balancers look elsewhere while calls drain. */
  stop(): void;
}

/** Serves the status of the server (`''`) and of the service. */
export function addHealth(server: Server, service: string, readiness: () => Readiness): Health {
  const statusNow = (): 'SERVING' | 'NOT_SERVING' => (readiness().ready ? 'SERVING' : 'NOT_SERVING');
  let status = statusNow();
  const health = new HealthImplementation({ '': status, [service]: status });
  health.addToServer(server);
  const set = (next: 'SERVING' | 'NOT_SERVING'): void => {
    if (next === status) return;
    status = next;
    health.setStatus('', next);
    health.setStatus(service, next);
  };
  const timer = setInterval(() => set(statusNow()), askEveryMs).unref();
  return {
    stop() {
      clearInterval(timer);
      set('NOT_SERVING');
    },
  };
}
