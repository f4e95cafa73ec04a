/** The server's program, as VS Code sees it: found anew at each use, and run for one answer. */
import { execFile } from 'node:child_process';
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { message } from './display';
import { findServer, type Found } from './serverProgram';

/** `tacit doctor` and `tacit models` read model files' headers and ask the engine: seconds on a slow disk. */
const PATIENCE_MS = 60_000;
/** `tacit models list --json` is 20 kB. */
const LONGEST_OUTPUT = 16 << 20;

/** Its message is a sentence for the user. */
export class ProgramError extends Error {}

/** Tells what went wrong in words that were made for the user. */
export async function told(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    void vscode.window.showErrorMessage(message(`tacit: ${error.message}`));
  }
}

export function serverProgram(extension: vscode.ExtensionContext): Found {
  return findServer({
    setting: vscode.workspace.getConfiguration('tacit').get('server.path', ''),
    extension: extension.extensionPath,
    path: process.env['PATH'] ?? '',
    home: homedir(),
    workspace: (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath),
    windows: process.platform === 'win32',
    isProgram,
    real,
  });
}

/** Where the server and its commands run: in a folder that is not the user's. */
export function workingFolder(extension: vscode.ExtensionContext): string {
  return extension.extensionPath;
}

/** Environment of the server and of all its commands: the models lie where the setting says. */
export function environment(): NodeJS.ProcessEnv {
  const folder = vscode.workspace.getConfiguration('tacit').get<string | null>('modelsDir');
  return folder ? { ...process.env, TACIT_MODELS: folder } : process.env;
}

/** Runs `tacit` with these arguments and returns what it prints, whatever its exit code; what it says on stderr if it prints nothing. */
export function output(extension: vscode.ExtensionContext, args: readonly string[]): Promise<string> {
  const found = serverProgram(extension);
  if ('missing' in found) return Promise.reject(new ProgramError(found.missing));
  const options = {
    cwd: workingFolder(extension),
    env: environment(),
    timeout: PATIENCE_MS,
    maxBuffer: LONGEST_OUTPUT,
  };
  return new Promise((resolve, reject) => {
    execFile(found.program, args, options, (error, stdout, stderr) => {
      if (stdout) resolve(stdout);
      else reject(new ProgramError(stderr.trim() || error?.message || `tacit ${args[0]} printed nothing.`));
    });
  });
}

/** What `tacit ... --json` prints. */
export async function json<T>(extension: vscode.ExtensionContext, args: readonly string[]): Promise<T> {
  const printed = await output(extension, args);
  try {
    return JSON.parse(printed) as T;
  } catch {
    throw new ProgramError(
      `tacit ${args.join(' ')} printed something other than JSON: its version does not fit this extension.`,
    );
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function real(file: string): string {
  try {
    return realpathSync.native(file);
  } catch {
    return file;
  }
}
