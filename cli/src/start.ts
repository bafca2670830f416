/** `proximadb start`: a standalone server in this process. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import pc from 'picocolors';
import { describeConfig, createLogger, stopOnSignals } from '@proximadb/process';
import { createStandalone, standaloneConfig } from '@proximadb/standalone';
import { settingsOf } from './settings.ts';
import type { Streams } from './terminal.ts';

export function addStart(program: Command, streams: Streams): void {
  program.command('start')
    .description('start a standalone server (gRPC on 5679, REST on 5678, data in ./data)')
    .usage('[--data DIR] [--rest-port N] [--grpc-port N] [--host H] [--config FILE] [--<any other option> VALUE]')
    .allowUnknownOption().allowExcessArguments().passThroughOptions().helpOption(false)
    .argument('[options...]')
    .action(async (options: string[]) => {
      if (options.includes('--help') || options.includes('-h')) streams.out.write(`${startHelp()}\n`);
      else await start(options, streams);
    });
}

/** Runs until it is told to stop. @throws AppError INVALID_ARGUMENT for a mistake in the configuration. */
async function start(args: readonly string[], streams: Streams): Promise<void> {
  const config = settingsOf(standaloneConfig, args, streams);
  const say = (text: string): void => { streams.out.write(`${text}\n`); };
  const logger = createLogger({ level: config.logLevel });
  const startedMs = performance.now();
  say(`${pc.bold('ProximaDB')} starts; its data is in ${pc.cyan(resolve(config.data))}`);
  using stop = stopOnSignals(streams.signals, {
    onStop: () => { say('Stopping: calls under way end, memory is written to disk (once more to stop at once)'); },
  });
  await using server = await createStandalone(config, { logger });
  let shown = 0;
  await Promise.race([
    server.whenReady(({ shards, ready }) => {
      if (ready === shards || performance.now() - shown < 1_000) return;
      shown = performance.now();
      say(`  replaying the log: ${ready} of ${shards} partitions are ready`);
    }),
    new Promise<void>((settle) => { stop.signal.addEventListener('abort', () => { settle(); }, { once: true }); }),
  ]);
  if (!stop.signal.aborted) say(welcome(config.host, server.restPort, server.grpcPort, performance.now() - startedMs));
  await server.run(stop.signal);
  say('Stopped.');
}

/** All options, for `start --help`. */
export function startHelp(): string {
  return describeConfig(standaloneConfig);
}

function welcome(host: string, restPort: number, grpcPort: number, tookMs: number): string {
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  const rest = `http://${shown}:${restPort}`;
  return `
  ${pc.green('ready')} after ${(tookMs / 1000).toFixed(1)} s
  REST   ${pc.cyan(rest)}   (${rest}/openapi.json)
  gRPC   ${pc.cyan(`${shown}:${grpcPort}`)}   (proximadb.v1.ProximaDB, with reflection)

  ${pc.bold('Next, in another terminal:')}
  curl ${rest}/v1/collections --json '{"name": "words", "dimension": 3}'
  curl -X PUT ${rest}/v1/collections/words/records \\
       --json '{"records": [{"id": "a", "vector": [1, 0, 0], "metadata": {"lang": "en"}}]}'
  curl ${rest}/v1/collections/words/search \\
       --json '{"vector": [0.9, 0.1, 0], "k": 3, "filter": {"lang": "en"}, "consistency": "strong"}'

  Ctrl-C stops the server.
`;
}
