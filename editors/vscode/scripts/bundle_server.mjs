// Puts the server into server/, as `make install` lays it out: bin/tacit and lib/tacit/. It finds its libraries relative to itself.
// usage: node scripts/bundle_server.mjs     TACIT_BIN names another program than target/release/tacit
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const extension = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const name = process.platform === 'win32' ? 'tacit.exe' : 'tacit';
const target = process.env.CARGO_TARGET_DIR ?? join(extension, '..', '..', 'target');
const program = resolve(process.env.TACIT_BIN ?? join(target, 'release', name));
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
