/**
 * What of VS Code's settings the server is told. Pure.
 *
 * Only what the user has set, and the few defaults that are this editor's own: VS Code would send all defaults, and they would outweigh the
 * user's `tacit.toml`.
 */

/** Settings of this extension; the server knows nothing of them. */
const OWN = ['server.path', 'trace.server'];

/** Where VS Code's default is not the server's: the ghost text is on the screen already, so the menu does not say it again. */
export const OWN_DEFAULTS: Readonly<Record<string, unknown>> = { 'completion.menu': false };

/** When one of these changes, the model has to be opened anew. The engine's settings are arguments of its process. */
export const RESTARTING = [
  'tacit.server.path',
  'tacit.model',
  'tacit.modelsDir',
  'tacit.actions',
  'tacit.engine',
];

type Table = { [key: string]: unknown };

/** The server's settings, by their names without `tacit.`, of the properties that the extension's manifest declares. */
export function serverKeys(properties: readonly string[]): string[] {
  const keys = properties
    .filter((property) => property.startsWith('tacit.'))
    .map((property) => property.slice('tacit.'.length));
  return keys.filter((key) => !OWN.includes(key));
}

/**
 * The settings as nested tables. What is not set is there as null: that takes back what was set before.
 */
export function tables(keys: readonly string[], setValue: (key: string) => unknown): Table {
  const root: Table = {};
  for (const key of keys) {
    const path = key.split('.');
    const name = path.pop() ?? key;
    let table = root;
    for (const part of path) {
      table = (table[part] ??= {}) as Table;
    }
    table[name] = setValue(key) ?? OWN_DEFAULTS[key] ?? null;
  }
  return root;
}

/** The values of a setting by where it is set, the strongest first, as `WorkspaceConfiguration.inspect` tells them. */
export interface Inspected {
  workspaceFolderValue?: unknown;
  workspaceValue?: unknown;
  globalValue?: unknown;
}

/** What somebody has set, as opposed to the default. */
export function setByUser(inspected: Inspected | undefined): unknown {
  return inspected?.workspaceFolderValue ?? inspected?.workspaceValue ?? inspected?.globalValue;
}
