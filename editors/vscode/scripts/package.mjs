// Packs the extension for this platform, with the server in server/ as `make install` lays it out: bin/tacit and lib/tacit/, which the
// program finds relative to itself.
// usage: node scripts/package.mjs [arguments of `vsce package`]     TACIT_BIN names another program than target/release/tacit
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const extension = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const name = process.platform === 'win32' ? 'tacit.exe' : 'tacit';
const built = process.env.CARGO_TARGET_DIR ?? join(extension, '..', '..', 'target');
const program = resolve(process.env.TACIT_BIN ?? join(built, 'release', name));
if (!existsSync(program)) {
  console.error(
    `There is no server at ${program}: run \`make build\` first, or name another with TACIT_BIN.`,
  );
  process.exit(1);
}
const server = join(extension, 'server');
rmSync(server, { recursive: true, force: true });
mkdirSync(join(server, 'bin'), { recursive: true });
copyFileSync(program, join(server, 'bin', name));
chmodSync(join(server, 'bin', name), 0o755);
const libraries = [join(dirname(program), 'lib', 'tacit'), join(dirname(program), '..', 'lib', 'tacit')];
const found = libraries.find((folder) => existsSync(folder));
if (found) cpSync(found, join(server, 'lib', 'tacit'), { recursive: true, dereference: true });

const target = ['package', '--no-dependencies', '--target', `${process.platform}-${process.arch}`];
const vsce = join(extension, 'node_modules', '@vscode', 'vsce', 'vsce');
const packed = spawnSync(process.execPath, [vsce, ...target, ...process.argv.slice(2)], {
  cwd: extension,
  stdio: 'inherit',
});
process.exit(packed.status ?? 1);
