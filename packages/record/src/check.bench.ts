/* eslint-disable no-console -- a script */
/** Microseconds that `check` takes a record, on one core: node packages/record/src/check.bench.ts */
console.log('todo');
