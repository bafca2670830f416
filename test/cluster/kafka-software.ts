/** Kafka's jars, and the programs in them. */
import { cp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { provision } from './cache.ts';
import { openFolder } from './folder.ts';
import { fastStart, recordClasses } from './java.ts';
import { brokerListed } from './kafka-protocol.ts';
import { brokerSettings, settingsText } from './kafka-settings.ts';
import { copyDependencies } from './maven.ts';
import { freePorts } from './ports.ts';
import { runProgram } from './run-program.ts';
import { kafkaVersion, versions } from './versions.ts';

export interface KafkaSoftware {
  /** Where the programs must be started: the class path and the archive of loaded classes are relative to it. */
  readonly folder: string;
  /** Arguments of `java` before the name of a main class. */
  readonly javaArgs: readonly string[];
  /** What `format` of Kafka's storage tool writes for this version: which features a new cluster has. */
  readonly bootstrapCheckpoint: string;
}

let found: Promise<KafkaSoftware> | undefined;

/** Fetched from Maven Central at the first call on this machine (about 30 seconds). */
export function kafkaSoftware(): Promise<KafkaSoftware> {
  found ??= provision(versions.kafka, make).then(async (folder) => ({
    folder, bootstrapCheckpoint: join(folder, checkpoint), javaArgs: [...fastStart, ...await classPath(folder)],
  }));
  // A failure is not kept: the next call tries again.
  found.catch(() => { found = undefined; });
  return found;
}

const checkpoint = 'bootstrap.checkpoint';

async function classPath(folder: string): Promise<string[]> {
  return ['-cp', (await readdir(join(folder, 'lib'))).sort().map((jar) => `lib/${jar}`).join(':')];
}

/** Of what it writes to: a broker's standard output is its log, a tool's is what it was asked for. */
function logging(target: 'SYSTEM_OUT' | 'SYSTEM_ERR', level: 'info' | 'warn'): string {
  return [
    'status = error', 'appender.console.type = Console', 'appender.console.name = console', `appender.console.target = ${target}`,
    'appender.console.layout.type = PatternLayout', 'appender.console.layout.pattern = %d{ISO8601} %p %m (%c{1})%n',
    `rootLogger.level = ${level}`, 'rootLogger.appenderRef.console.ref = console',
    // Prints all 300 settings at each start.
    'logger.config.name = org.apache.kafka.common.config', 'logger.config.level = warn', '',
  ].join('\n');
}

async function make(folder: string): Promise<void> {
  await copyDependencies(join(folder, 'lib'), [
    { group: 'org.apache.kafka', artifact: 'kafka_2.13', version: kafkaVersion },
    { group: 'org.apache.kafka', artifact: 'kafka-tools', version: kafkaVersion },
    { group: 'org.apache.logging.log4j', artifact: 'log4j-slf4j-impl', version: '2.25.4' },
  ]);
  await writeFile(join(folder, 'log4j2.properties'), logging('SYSTEM_OUT', 'info'));
  await writeFile(join(folder, 'tools.properties'), logging('SYSTEM_ERR', 'warn'));
  await train(folder);
}

/** A broker starts and ends once: Java notes which classes it loads, and Kafka how it formats an empty disk. */
async function train(folder: string): Promise<void> {
  await using work = openFolder('kafka-provision');
  const [plain = 0, controller = 0] = await freePorts(2);
  const mine = { id: 1, plain, controller };
  const settings = join(work.path, 'server.properties');
  await writeFile(settings, settingsText(brokerSettings(mine, [mine], join(work.path, 'data'))));
  const path = await classPath(folder);
  await runProgram('java', [...path, 'kafka.tools.StorageTool', 'format', '-t', 'AAAAAAAAAAAAAAAAAAAAAQ', '-c', settings], { cwd: folder });
  await cp(join(work.path, 'data', checkpoint), join(folder, checkpoint));
  await recordClasses(folder, work.path, [...path, brokerLogging, 'kafka.Kafka', settings], () => brokerListed(plain, 1));
}

export const brokerLogging = '-Dlog4j2.configurationFile=log4j2.properties';

/**
 * Runs one of Kafka's own programs, such as `org.apache.kafka.tools.ConsoleProducer`.
 * @returns its standard output. @throws Error with what it said, if it fails.
 */
export async function kafkaTool(mainClass: string, args: readonly string[], input: string | Uint8Array = ''): Promise<string> {
  const { folder, javaArgs } = await kafkaSoftware();
  const flags = ['-Xmx256m', ...javaArgs, '-Dlog4j2.configurationFile=tools.properties'];
  return runProgram('java', [...flags, mainClass, ...args], { cwd: folder, input, timeoutMs: 120_000 });
}
