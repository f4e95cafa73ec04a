// Bundles the extension, the script of the statistics page, and the unit tests.
// usage: node scripts/build.mjs [--production] [--watch] [--tests]
import { rmSync } from 'node:fs';
import { context } from 'esbuild';

const flags = new Set(process.argv.slice(2));
const production = flags.has('--production');
const common = {
  bundle: true,
  logLevel: 'warning',
  minify: production,
  sourcemap: production ? false : 'linked',
};
const node = { ...common, platform: 'node', target: 'node20', format: 'cjs' };

const extension = {
  ...node,
  entryPoints: ['src/extension.ts'],
  outfile: 'dist/extension.js',
  external: ['vscode'],
};
const page = {
  ...common,
  entryPoints: ['src/statistics/page.ts'],
  outfile: 'dist/statistics.js',
  platform: 'browser',
  target: 'es2022',
  format: 'iife',
};
const tests = {
  ...node,
  entryPoints: ['test/*.test.ts'],
  outdir: 'dist/tests',
  outExtension: { '.js': '.cjs' },
};

if (flags.has('--tests')) rmSync('dist/tests', { recursive: true, force: true });
for (const options of flags.has('--tests') ? [tests] : [extension, page]) {
  const build = await context(options);
  if (flags.has('--watch')) {
    await build.watch();
  } else {
    await build.rebuild();
    await build.dispose();
  }
}
