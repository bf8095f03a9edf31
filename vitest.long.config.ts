import { defineConfig } from 'vitest/config';

/** What kills processes and takes minutes: `npm run test:long`. One file at a time, as each uses all cores. */
// oxlint-disable-next-line import/no-default-export -- vitest reads the default export
export default defineConfig({
  test: {
    include: ['test/long/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 20 * 60_000,
    hookTimeout: 2 * 60_000,
  },
});
