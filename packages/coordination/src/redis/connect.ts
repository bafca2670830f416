import { AppError } from '@proximadb/errors';
import { Cluster, Redis, type ClusterOptions, type RedisOptions } from 'ioredis';

/** Where Redis is, as its URL says. */
export interface RedisPlace {
  readonly form: 'single' | 'sentinel' | 'cluster';
  readonly tls: boolean;
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
  /** What the sentinels call the master. */
  readonly master?: string;
}

const ports = { single: 6379, sentinel: 26379, cluster: 6379 } as const;
const forms = 'redis://[user:password@]host[:port][/db], redis+sentinel://[user:password@]host[:port],…/master[/db] '
  + 'or redis+cluster://[user:password@]host[:port],… (with TLS: rediss…)';

/**
 * - `redis://[user:password@]host[:port][/db]`: one server; port 6379, database 0.
 * - `redis+sentinel://[user:password@]host[:port],…/master[/db]`: whichever server the sentinels (port 26379) name the master. User and password
 *   are the server's; those of the sentinels go into the client's options (`sentinelUsername`, `sentinelPassword`).
 * - `redis+cluster://[user:password@]host[:port],…`: a Redis Cluster, by some of its nodes.
 *
 * `rediss` in place of `redis` speaks TLS. What does not belong into an address of user and password is percent-encoded.
 * @throws AppError INVALID_ARGUMENT; its text has no password.
 */
export function parseRedisUrl(url: string): RedisPlace {
  const parts = /^redis(?<tls>s?)(?:\+(?<form>sentinel|cluster))?:\/\/(?:(?<who>[^@/]*)@)?(?<nodes>[^@/?#]+)(?<path>(?:\/[^/?#]*)*)$/.exec(url)?.groups;
  const refuse = (): AppError => new AppError('INVALID_ARGUMENT', `the URL of Redis is not of the form ${forms}`);
  if (parts === undefined) throw refuse();
  const form = (parts['form'] ?? 'single') as RedisPlace['form'];
  const nodes = (parts['nodes'] ?? '').split(',').map((node) => {
    const address = /^(?:\[(?<ip6>[0-9a-fA-F:.]+)\]|(?<host>[^:[\]]+))(?::(?<port>\d{1,5}))?$/.exec(node)?.groups;
    const host = address?.['ip6'] ?? address?.['host'];
    const port = Number(address?.['port'] ?? ports[form]);
    if (host === undefined || port < 1 || port > 65_535) throw refuse();
    return { host, port };
  });
  if (form === 'single' && nodes.length > 1) throw refuse();
  const path = (parts['path'] ?? '').split('/').slice(1).filter((part) => part !== '');
  const master = form === 'sentinel' ? decode(path.shift(), refuse) : undefined;
  const db = form === 'cluster' ? undefined : path.shift();
  if (path.length > 0 || (form === 'sentinel' && master === undefined) || (db !== undefined && !/^\d{1,4}$/.test(db))) throw refuse();
  const [, user, password] = /^([^:]*)(?::(.*))?$/s.exec(parts['who'] ?? '') ?? [];
  const username = decode(user === '' ? undefined : user, refuse);
  const secret = decode(password === '' ? undefined : password, refuse);
  return {
    form, tls: parts['tls'] === 's', nodes, ...(master === undefined ? {} : { master }), ...(db === undefined ? {} : { db: Number(db) }),
    ...(username === undefined ? {} : { username }), ...(secret === undefined ? {} : { password: secret }),
  };
}

function decode(text: string | undefined, refuse: () => AppError): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    throw refuse();
  }
}

/** Everybody is back well within a time to live (3 s) after the store is: what comes later would be taken for dead. */
const retryStrategy = (times: number): number => Math.min(50 * 2 ** (times - 1), 400) + Math.floor(Math.random() * 100);

/**
 * ms. The client forgets a command that is not answered in time, and gives up a connection on which nothing comes although something should. Who
 * waits gives up sooner (a beat 600 ms, a token 90 ms); this is for the handshake, too, which a process that hardly gets the processor must be
 * given the time for: as long as it is not connected it counts as silent.
 */
const commandTimeout = 2_000;
const socketTimeout = 2_000;
const connectTimeout = 2_000;

/** Replies keep the form that the store reads. */
type NodeOptions = Omit<RedisOptions, 'replyMapping'>;

export interface ClientOptions {
  /** Over what the URL says; with a Redis Cluster for each of its nodes. */
  readonly redis?: NodeOptions;
  /** Of a Redis Cluster as a whole. */
  readonly cluster?: Omit<ClusterOptions, 'redisOptions'>;
}

/**
 * A client that connects by itself, and again, for as long as it is not told to disconnect. It queues nothing while it has no connection and
 * repeats nothing after it lost one: a beat or a take of tokens that is late is worth nothing.
 */
export function connectRedis(place: RedisPlace, options: ClientOptions = {}): Redis | Cluster {
  const login: NodeOptions = {
    ...(place.username === undefined ? {} : { username: place.username }), ...(place.password === undefined ? {} : { password: place.password }),
  };
  const common: NodeOptions = {
    ...login, ...(place.tls ? { tls: {} } : {}), commandTimeout, socketTimeout, connectTimeout, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0,
  };
  if (place.form === 'cluster') {
    return new Cluster([...place.nodes], {
      enableOfflineQueue: false, clusterRetryStrategy: retryStrategy, slotsRefreshTimeout: connectTimeout, slotsRefreshInterval: 5_000,
      // While a master is replaced a command would be tried over and over; the next beat comes soon enough.
      maxRedirections: 4, retryDelayOnFailover: 100, retryDelayOnClusterDown: 100,
      ...options.cluster, redisOptions: { ...common, ...options.redis },
    });
  }
  const single: NodeOptions = {
    ...common, ...(place.db === undefined ? {} : { db: place.db }), enableOfflineQueue: false, retryStrategy,
    // A master that was made a replica refuses to be written: ask again who the master is.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
  const [node] = place.nodes;
  if (place.form === 'single') return new Redis({ ...single, ...node, ...options.redis });
  return new Redis({
    ...single, sentinels: [...place.nodes], ...(place.master === undefined ? {} : { name: place.master }), sentinelCommandTimeout: 1_000,
    sentinelRetryStrategy: retryStrategy, failoverDetector: true, ...(place.tls ? { sentinelTLS: {}, enableTLSForSentinelMode: true } : {}), ...options.redis,
  });
}
