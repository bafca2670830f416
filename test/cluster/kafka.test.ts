import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { openFolder } from './folder.ts';
import { answerTo } from './kafka-proxy.ts';
import { startKafka } from './kafka.ts';
import { listBrokers } from './kafka-protocol.ts';
import { kafkaTool } from './kafka-software.ts';
import { missing } from './missing.ts';
import { sharedKafka } from './shared.ts';

const tools = 'org.apache.kafka.tools';
const skip = missing('kafka');
const hasProc = process.platform === 'linux';

async function createTopic(bootstrap: string, topic: string): Promise<void> {
  await kafkaTool(`${tools}.TopicCommand`, ['--bootstrap-server', bootstrap, '--create', '--topic', topic, '--partitions', '1']);
}

/** @param flags of the program, such as a file with a password. */
async function produce(bootstrap: string, topic: string, lines: string, flags: readonly string[] = []): Promise<void> {
  await kafkaTool(`${tools}.ConsoleProducer`, ['--bootstrap-server', bootstrap, '--topic', topic, ...flags], lines);
}

function consume(bootstrap: string, topic: string, count: number): Promise<string> {
  return kafkaTool(`${tools}.consumer.ConsoleConsumer`, ['--bootstrap-server', bootstrap, '--topic', topic, '--from-beginning',
    '--max-messages', String(count), '--timeout-ms', '30000']);
}

/** Brokers whose command line has this folder in it: its watchdog's has it, too. */
function brokersOf(folder: string): number {
  return readdirSync('/proc').filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      return command.startsWith('java') && command.includes(folder);
    } catch {
      return false;
    }
  }).length;
}

describe('Kafka of one broker', { skip }, () => {
  test('keeps what it acknowledged over kill -9, and what a directory holds over its end', async () => {
    await using folder = openFolder('kafka-test');
    {
      await using kafka = await startKafka({ directory: folder.path });
      const [bootstrap = ''] = kafka.bootstrap;
      await createTopic(bootstrap, 'words');
      await produce(bootstrap, 'words', 'one\ntwo\n');
      await kafka.brokers[0]?.restart('SIGKILL');
      assert.equal(await consume(bootstrap, 'words', 2), 'one\ntwo\n');
      if (hasProc) assert.equal(brokersOf(folder.path), 1);
    }
    if (hasProc) assert.equal(brokersOf(folder.path), 0, 'no process outlives it');
    await assert.rejects(startKafka({ directory: folder.path, brokers: 3 }), /directory of a cluster of 1, not 3/);
    await using again = await startKafka({ directory: folder.path });
    assert.equal(await consume(again.bootstrap[0] ?? '', 'words', 2), 'one\ntwo\n');
  });

  test('is silent while it is paused', async () => {
    await using kafka = await startKafka();
    const [broker] = kafka.brokers;
    assert.ok(broker !== undefined);
    await broker.pause();
    await assert.rejects(listBrokers(broker.port), /no answer within a second/);
    await broker.resume();
    await kafka.settled();
    assert.deepEqual(await listBrokers(broker.port), [{ id: 1, host: '127.0.0.1', port: broker.port }]);
  });

  test('can be met through a proxy that swallows the answer of one kind of request', async () => {
    await using kafka = await startKafka({ proxied: true });
    const proxy = kafka.brokers[0]?.proxy;
    assert.ok(proxy !== undefined);
    assert.deepEqual(kafka.proxied, [proxy.address]);
    assert.deepEqual(await listBrokers(proxy.port), [{ id: 1, host: '127.0.0.1', port: proxy.port }], 'it advertises the proxy');
    await createTopic(proxy.address, 'words');
    // The producer sends again what it was told nothing about: its broker knows the sequence number, and keeps one.
    const fault = proxy.swallow(answerTo('produce'));
    await produce(proxy.address, 'words', 'once\n');
    assert.equal((await fault.done).apiKey, 0);
    await produce(proxy.address, 'words', 'end\n');
    assert.equal(await consume(proxy.address, 'words', 2), 'once\nend\n');
    const metadata = proxy.swallow(answerTo('metadata'));
    await assert.rejects(listBrokers(proxy.port));
    assert.equal(metadata.swallowed.length, 1);
    assert.equal((await listBrokers(proxy.port)).length, 1);
  });

  test('asks for a password over TLS beside the plain listener', async () => {
    await using kafka = await startKafka({ sasl: true });
    await using folder = openFolder('kafka-test');
    const { sasl, bootstrap: [plain = ''] } = kafka;
    assert.ok(sasl !== undefined);
    const login = (name: string, mechanism: string, module: string, password: string): string => {
      const file = join(folder.path, name);
      writeFileSync(file, ['security.protocol=SASL_SSL', `sasl.mechanism=${mechanism}`,
        `sasl.jaas.config=org.apache.kafka.common.security.${module} required username="${sasl.username}" password="${password}";`,
        'ssl.truststore.type=PEM', `ssl.truststore.location=${sasl.caFile}`, ''].join('\n'));
      return file;
    };
    await createTopic(plain, 'words');
    const [bootstrap = ''] = sasl.bootstrap;
    const properties = '--producer.config';
    await produce(bootstrap, 'words', 'plain\n', [properties, login('plain', 'PLAIN', 'plain.PlainLoginModule', sasl.password)]);
    await produce(bootstrap, 'words', 'scram\n', [properties, login('scram', 'SCRAM-SHA-512', 'scram.ScramLoginModule', sasl.password)]);
    assert.equal(await consume(plain, 'words', 2), 'plain\nscram\n');
    const wrong = login('wrong', 'PLAIN', 'plain.PlainLoginModule', 'guessed');
    await assert.rejects(kafkaTool(`${tools}.TopicCommand`, ['--bootstrap-server', bootstrap, '--command-config', wrong, '--list']), /Authentication failed/);
  });

  test('one is shared by all tests of a process', async () => {
    const [one, two] = await Promise.all([sharedKafka(), sharedKafka()]);
    assert.equal(one, two);
    assert.equal((await listBrokers(Number(one.bootstrap[0]?.split(':')[1]))).length, 1);
  });
});

describe('Kafka of three brokers', { skip }, () => {
  test('takes writes while one is dead, and takes it back', async () => {
    await using kafka = await startKafka({ brokers: 3 });
    const [first, second] = kafka.brokers;
    assert.ok(first !== undefined && second !== undefined);
    await createTopic(kafka.bootstrap.join(','), 'words');
    await produce(kafka.bootstrap.join(','), 'words', 'one\n');
    await first.kill();
    await kafka.settled();
    assert.deepEqual((await listBrokers(second.port)).map(({ id }) => id).sort(), [2, 3]);
    await produce(second.address, 'words', 'two\n');
    await first.start();
    await kafka.settled();
    assert.equal(await consume(first.address, 'words', 2), 'one\ntwo\n');
    const described = await kafkaTool(`${tools}.TopicCommand`, ['--bootstrap-server', first.address, '--describe', '--topic', 'words']);
    assert.match(described, /ReplicationFactor: 3.*min\.insync\.replicas=2/);
  });
});
