import type { Config } from 'jest';

/** One project per kind of test, so that a run can choose: `--selectProjects unit`. */
const shared = {
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/services/model-diffusers/', '<rootDir>/bench/'],
} satisfies Config;

const config: Config = {
  projects: ['unit', 'int', 'e2e'].map((kind) => ({
    ...shared,
    displayName: kind,
    setupFilesAfterEnv: kind === 'unit' ? [] : ['<rootDir>/tools/jest-retry.ts'],
    testMatch: [`<rootDir>/{packages,services,tools,load-tests,chaos}/**/*.${kind}.test.ts`],
  })),
  testTimeout: 60_000,
  // most tests wait for a disk, a broker or a process, not for the processor
  maxWorkers: 2,
};

export default config;
