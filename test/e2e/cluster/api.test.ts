/** The API's table of the standalone server, unchanged, on a cluster of the real parts. */
import { describe } from 'node:test';
import { missingForCluster, startCluster } from '@proximadb/test-cluster';
import { apiTable } from '../both-transports/table.ts';
import { apiServer } from './api-server.ts';

describe('a cluster answers as one process does', { skip: missingForCluster() }, () => {
  apiTable(async () => apiServer(await startCluster({ indexersPerGroup: 1, queries: 1 }), { attemptsMax: 1 }));
});
