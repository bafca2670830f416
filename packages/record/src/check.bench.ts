/** Microseconds that `check` takes a record, on one core: node packages/record/src/check.bench.ts */
console.log('todo');
