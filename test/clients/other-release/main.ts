/** For clients in other languages: `node main.ts RELEASE` prints the addresses of its front and of the real server, and ends with its input. */
import process from 'node:process';
import { releases, type ReleaseName } from './releases.ts';
import { startOtherRelease } from './server.ts';

const name = process.argv[2] ?? '';
if (!(name in releases)) throw new Error(`the releases are ${Object.keys(releases).join(', ')}`);
await using release = await startOtherRelease(name as ReleaseName);
console.log(JSON.stringify({ address: release.address, server: `127.0.0.1:${release.server.standalone.grpcPort}`, schemaIds: release.schemaIds }));
process.stdin.resume();
await new Promise((resolve) => process.stdin.once('end', resolve));
