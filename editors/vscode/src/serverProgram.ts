/** Which program is the server. Pure: what exists is asked of the caller. */

export interface Surroundings {
  /** The setting `tacit.server.path`. */
  setting: string;
  /** The folder of this extension. */
  extension: string;
  /** `PATH`. */
  path: string;
  home: string;
  windows: boolean;
  isProgram: (file: string) => boolean;
}

export type Found =
  | { program: string; from: 'setting' | 'extension' | 'PATH' }
  /** There is none; the sentence says what to do. */
  | { missing: string };

/** The setting goes before the extension's own, which goes before `PATH`. */
export function findServer(around: Surroundings): Found {
  const separator = around.windows ? '\\' : '/';
  const join = (...parts: string[]) => parts.join(separator);
  const name = around.windows ? 'tacit.exe' : 'tacit';

  const setting = around.setting.trim();
  if (setting) {
    const program = setting.startsWith('~/') ? join(around.home, setting.slice(2)) : setting;
    if (around.isProgram(program)) return { program, from: 'setting' };
    return {
      missing: `The setting tacit.server.path names ${program}, where there is no program. Correct it, or leave it empty for the server of the extension.`,
    };
  }
  const own = join(around.extension, 'server', 'bin', name);
  if (around.isProgram(own)) return { program: own, from: 'extension' };

  const folders = around.path.split(around.windows ? ';' : ':').filter((folder) => folder !== '');
  const inPath = folders.map((folder) => join(folder, name)).find(around.isProgram);
  if (inPath) return { program: inPath, from: 'PATH' };
  return {
    missing:
      'The server of tacit is not on this machine: this build of the extension brings none along. Install the extension for your platform, or build the server with `make install` and put its folder into PATH, or name it in the setting tacit.server.path.',
  };
}
