// Loaded into the process of each test file: the runner would wait for ever for one whose tests are over and that left something open.
import process from 'node:process';

const minutes = Number(process.env['PROXIMADB_TEST_MINUTES'] ?? 25);

setTimeout(() => {
  console.error(`${process.argv[1] ?? ''} has not ended after ${minutes} minutes; what is open: ${process.getActiveResourcesInfo().join(', ')}`);
  process.exit(1);
}, minutes * 60_000).unref();
