import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const main = ['**/main.ts', 'scripts/**', 'bench/**', 'test/**', '**/*.test.ts', '**/build.ts', '**/generator/**', '**/*.bench.ts', '**/*.fixture.ts', '**/testing/**'];

export default tseslint.config(
  { ignores: ['**/node_modules/**', '**/dist/**', '**/gen/**', '**/assembly/**', 'data/**', '**/*.mjs', '**/*.js'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver': { node: { extensions: ['.ts'] } }, 'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] } },
    rules: {
      'import-x/no-cycle': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-len': ['error', { code: 160 }],
      'no-console': 'error',
      'no-restricted-globals': ['error', { name: 'process', message: 'only main.ts may use process' }],
      'no-restricted-imports': ['error', { paths: [{ name: 'process', message: 'only main.ts' }, { name: 'node:process', message: 'only main.ts may use process' }] }],
    },
  },
  {
    files: ['**/*.test.ts', '**/*.bench.ts', '**/*.fixture.ts', '**/testing/**', 'test/**', 'bench/**'],
    rules: {
      '@typescript-eslint/no-floating-promises': 'off', '@typescript-eslint/no-non-null-assertion': 'off',
      // Tests look into JSON, whose shape is what they assert.
      '@typescript-eslint/no-unsafe-member-access': 'off', '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off', '@typescript-eslint/no-unsafe-return': 'off', '@typescript-eslint/no-unsafe-call': 'off',
    },
  },
  { files: main, rules: { 'no-console': 'off', 'no-restricted-globals': 'off', 'no-restricted-imports': 'off' } },
);
