/** Who lives, who serves what, and limits that are shared. Never a source of truth. */
export type * from './port.ts';
