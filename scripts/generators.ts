/** What is generated and committed. Each script writes; with --check it only compares, and exits 1 if there is a difference. */
export const generators: readonly (readonly [name: string, script: string])[] = [
  ['schemas', 'schemas/src/generator/main.ts'],
  ['kernels', 'packages/segment/src/kernels/build.ts'],
  ['configuration', 'scripts/configuration.ts'],
  ['python client', 'test/clients/generate-python.ts'],
];
