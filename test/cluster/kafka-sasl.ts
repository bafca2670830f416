/** Passwords and certificates for a listener as managed Kafkas have it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { host } from './ports.ts';
import type { KafkaSettings } from './kafka-settings.ts';
import { runProgram } from './run-program.ts';

export interface KafkaSasl {
  /** The first broker's; as `host:port` in `bootstrap`. */
  readonly port: number;
  readonly bootstrap: readonly string[];
  readonly mechanisms: readonly ('plain' | 'scram-sha-512')[];
  readonly username: string;
  readonly password: string;
  /** PEM: what a client has to trust. It names 127.0.0.1 and localhost. */
  readonly caFile: string;
  readonly keyStore: string;
}

const storePassword = 'not-a-secret';

/** @param folder where the certificate is made, once. @param ports of the brokers' SASL listeners. */
export async function makeCredentials(folder: string, ports: readonly number[]): Promise<KafkaSasl> {
  const keyStore = join(folder, 'tls.p12');
  const caFile = join(folder, 'tls.pem');
  const store = ['-keystore', keyStore, '-storetype', 'PKCS12', '-storepass', storePassword, '-alias', 'kafka'];
  if (!existsSync(caFile)) {
    await runProgram('keytool', ['-genkeypair', ...store, '-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '3650',
      '-dname', `CN=${host}`, '-ext', `san=ip:${host},dns:localhost`, '-ext', 'bc=ca:true']);
    await runProgram('keytool', ['-exportcert', '-rfc', ...store, '-file', caFile]);
  }
  return {
    port: ports[0] ?? 0, bootstrap: ports.map((port) => `${host}:${port}`), mechanisms: ['plain', 'scram-sha-512'],
    username: 'proximadb', password: 'proximadb-password', caFile, keyStore,
  };
}

/** Added to the settings of broker `index`. */
export function saslSettings({ username, password, keyStore }: KafkaSasl): KafkaSettings {
  const listener = 'listener.name.sasl_ssl';
  const modules = 'org.apache.kafka.common.security';
  return {
    [`${listener}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-512',
    [`${listener}.plain.sasl.jaas.config`]: `${modules}.plain.PlainLoginModule required user_${username}="${password}";`,
    [`${listener}.scram-sha-512.sasl.jaas.config`]: `${modules}.scram.ScramLoginModule required;`,
    [`${listener}.ssl.keystore.location`]: keyStore,
    [`${listener}.ssl.keystore.type`]: 'PKCS12',
    [`${listener}.ssl.keystore.password`]: storePassword,
    [`${listener}.ssl.key.password`]: storePassword,
  };
}
