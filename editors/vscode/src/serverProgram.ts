/**
 * Which program is the server. Pure: what exists is asked of the caller. It is never one that a repository could have brought along: paths
 * are absolute, and of PATH the folders within the workspace are passed over.
 */
import { posix, win32 } from 'node:path';

export interface Surroundings {
  /** The setting `tacit.server.path`. */
  setting: string;
  /** The folder of this extension. */
  extension: string;
  /** `PATH`. */
  path: string;
  home: string;
  /** The folders that are open. */
  workspace: readonly string[];
  windows: boolean;
  isProgram: (file: string) => boolean;
  /** The same path without links, as far as it exists. */
  real: (file: string) => string;
}

export type Found =
  | { program: string; from: 'setting' | 'extension' | 'PATH' }
  /** There is none; the sentence says what to do. */
  | { missing: string };

/** The setting goes before the extension's own, which goes before `PATH`. */
export function findServer(around: Surroundings): Found {
  const { join, isAbsolute, delimiter } = around.windows ? win32 : posix;
  const name = around.windows ? 'tacit.exe' : 'tacit';

  const setting = around.setting.trim();
  if (setting) {
    const program = setting.startsWith('~/') ? join(around.home, setting.slice(2)) : setting;
    if (isAbsolute(program) && around.isProgram(program)) return { program, from: 'setting' };
    return {
      missing: `The setting tacit.server.path names ${program}, where there is no program. Give its whole path, or leave it empty for the server of the extension.`,
    };
  }
  const own = join(around.extension, 'server', 'bin', name);
  if (around.isProgram(own)) return { program: own, from: 'extension' };

  const inPath = around.path
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find((program) => around.isProgram(program) && !isInWorkspace(program, around));
  if (inPath) return { program: inPath, from: 'PATH' };
  return {
    missing:
      'The server of tacit is not on this machine: this build of the extension brings none along. Install the extension for your platform, or build the server with `make install` and put its folder into PATH, or name it in the setting tacit.server.path.',
  };
}

/** Links count as what they lead to. Who opens his home folder, or one above it, has his own programs in there too: that says nothing. */
function isInWorkspace(program: string, around: Surroundings): boolean {
  const { relative, isAbsolute, sep } = around.windows ? win32 : posix;
  const holds = (folder: string, file: string) => {
    const path = relative(around.real(folder), around.real(file));
    return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
  };
  return around.workspace.some((folder) => holds(folder, program) && !holds(folder, around.home));
}
