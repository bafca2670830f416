// Asks the process of this container whether it is ready; the exit code is the answer. For Docker and Compose: Kubernetes asks over HTTP itself.
import { readFileSync } from 'node:fs';

const ports = { start: 5678, gateway: 5678, query: 5688, indexer: 5698 };

/** As the process was given it: a flag, the environment, or the default of its command. A port in a configuration file is not seen. */
function restPort() {
  const words = readFileSync('/proc/1/cmdline', 'utf8').split('\0');
  const flag = words.findIndex((word) => word === '--rest-port' || word.startsWith('--rest-port='));
  if (flag !== -1) return Number(words[flag].split('=')[1] ?? words[flag + 1]);
  return Number(process.env.PROXIMADB_REST_PORT ?? words.map((word) => ports[word]).find((port) => port !== undefined));
}

try {
  const answer = await fetch(`http://127.0.0.1:${restPort()}/health/ready`, { signal: AbortSignal.timeout(4_000) });
  if (!answer.ok) console.log(`${answer.status} ${await answer.text()}`);
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  console.log(String(error.cause ?? error));
  process.exitCode = 1;
}
