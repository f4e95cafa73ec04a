/** Whether a document may be changed. VS Code lets an extension change editors that it shows as read-only, and then can't save them. */
import { constants, promises } from 'node:fs';
import * as vscode from 'vscode';

/** As far as an extension can know: an editor that was made read-only by a command does not tell. */
export async function isReadOnly(document: vscode.TextDocument): Promise<boolean> {
  const { uri } = document;
  if (vscode.workspace.fs.isWritableFileSystem(uri.scheme) === false) return true;
  const settings = vscode.workspace.getConfiguration('files', uri);
  const isIn = (setting: string) => matches(document, settings.get<Record<string, unknown>>(setting, {}));
  if (isIn('readonlyInclude') && !isIn('readonlyExclude')) return true;
  if (uri.scheme !== 'file' || !settings.get('readonlyFromPermissions', false)) return false;
  return promises.access(uri.fsPath, constants.W_OK).then(
    () => false,
    () => true,
  );
}

/** The document is one of those that a setting names by glob patterns, absolute or relative to the folder. */
function matches(document: vscode.TextDocument, patterns: Record<string, unknown>): boolean {
  const folder = vscode.workspace.getWorkspaceFolder(document.uri);
  return Object.entries(patterns).some(([pattern, isOn]) => {
    const relative = folder ? [{ pattern: new vscode.RelativePattern(folder, pattern) }] : [];
    return isOn === true && vscode.languages.match([{ pattern }, ...relative], document) > 0;
  });
}
