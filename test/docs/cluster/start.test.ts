import { test } from 'node:test';
import { missingForCluster } from '../../cluster/cluster.ts';
import { follow } from '../pages.ts';

test('docs/start.md: what it shows is what happens, with a cluster', { skip: missingForCluster() }, async () => {
  await follow('docs/start.md', true);
});
