/** Pages that start a cluster, with it: real parts, for minutes. */
import { describe, test } from 'node:test';
import { missingForCluster } from '../cluster/cluster.ts';
import { stepsOf } from './page.ts';
import { follow, pages, textOf } from './pages.ts';
import { startsCluster } from './run-page.ts';

const withCluster = pages.filter((page) => stepsOf(textOf(page)).some((step) => step.kind === 'block' && startsCluster(step.block)));

describe('the pages that start a cluster', { skip: missingForCluster() }, () => {
  for (const page of withCluster) test(`${page}: what it shows is what happens`, async () => { await follow(page, true); });
});
