/** Who lives, who serves what, and limits that are shared. Never a source of truth. Adapters: `./local`, `./redis`. */
export type * from './port.ts';
