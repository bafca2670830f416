/** How `proximadb` is run by Node, for whoever starts it as a process of its own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const main = join(import.meta.dirname, '..', '..', 'cli', 'src', 'main.ts');
const [, variables = '', flags] = /^#!\/usr\/bin\/env -S ((?:\w+=\S+ )*)node (.+)\n/.exec(readFileSync(main, 'utf8')) ?? [];
if (flags === undefined) throw new Error(`the first line of ${main} does not say how it is run`);

/** Flags for Node, those of its first line among them. */
export const commandFlags: readonly string[] = ['--no-warnings', ...flags.split(' ')];
/** What its first line sets. */
export const commandEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  [...variables.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
);
export const commandLine: string = main;
