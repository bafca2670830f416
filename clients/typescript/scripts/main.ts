/** Builds the package that is published: `node clients/typescript/scripts/main.ts [FOLDER]`, by default into `dist/npm`. */
import { join, resolve } from 'node:path';
import process from 'node:process';
import { buildPackage } from './build.ts';

const folder = resolve(process.argv[2] ?? join(import.meta.dirname, '../dist/npm'));
await buildPackage(folder);
console.log(`The package is in ${folder}: \`pnpm publish\` there publishes it.`);
