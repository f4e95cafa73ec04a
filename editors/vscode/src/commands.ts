/** The commands behind the menu, the palette and the walkthrough. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { Actions } from './actions/actions';
import type { Changes } from './actions/changes';
import { explanationText, nothingToExplain } from './explanationText';
import { modelChoices, type Machine, type Model, type ModelChoice } from './modelChoices';
import type { Pause } from './pauses';
import { inWords } from './pauses';
import type { Pausing } from './pausing';
import { json, output, told } from './program';
import { PULL_COMMAND, RUN_ACTION_COMMAND, type ActionEntry } from './protocol';
import type { Reports } from './reports';
import { DOCUMENTS, type Server } from './server';
import type { StatisticsPanel } from './statistics/panel';

export interface Parts {
  extension: vscode.ExtensionContext;
  server: Server;
  actions: Actions;
  changes: Changes;
  pausing: Pausing;
  reports: Reports;
  statistics: StatisticsPanel;
  log: vscode.LogOutputChannel;
}

type Entry<T> = vscode.QuickPickItem & { value: T };

export function registerCommands(parts: Parts): vscode.Disposable[] {
  const { actions, changes } = parts;
  const commands: Record<string, Parameters<typeof vscode.commands.registerCommand>[1]> = {
    'tacit.showMenu': () => showMenu(parts),
    'tacit.pause': () => pause(parts),
    'tacit.resume': () => parts.pausing.resumeAt(activeDocument()),
    'tacit.chooseModel': () => told(() => chooseModel(parts)),
    'tacit.edit': () => told(() => actions.edit()),
    // Returns at once: VS Code would show a progress of its own beside the one that can be cancelled.
    [RUN_ACTION_COMMAND]: (entry: ActionEntry) => void told(() => actions.run(entry)),
    'tacit.acceptChange': (uri?: vscode.Uri) => changes.accept(uri),
    'tacit.discardChange': (uri?: vscode.Uri) => changes.discard(uri),
    'tacit.showPrompt': () => told(() => showPrompt(parts)),
    'tacit.showStatistics': () => parts.statistics.show(),
    'tacit.showLog': () => parts.log.show(),
    'tacit.doctor': () => told(() => showDoctor(parts)),
    'tacit.restart': () => parts.server.restart(),
  };
  return Object.entries(commands).map(([name, run]) => vscode.commands.registerCommand(name, run));
}

async function showMenu({ server, pausing }: Parts): Promise<void> {
  const status = server.status;
  const paused = pausing.at(activeDocument());
  const entry = (icon: string, label: string, value: string, description = ''): Entry<string> => ({
    label: `$(${icon}) ${label}`,
    value,
    description,
  });
  const entries = [
    paused
      ? entry('debug-start', 'Resume', 'tacit.resume', inWords(paused))
      : entry('debug-pause', 'Pause...', 'tacit.pause', 'everywhere, in this language, in this file'),
    entry('package', 'Choose Model...', 'tacit.chooseModel', status?.model ?? ''),
    entry('edit', 'Edit as Told...', 'tacit.edit', 'the selection, or the function at the cursor'),
    entry('search', 'Show What Was Sent to the Model', 'tacit.showPrompt'),
    entry('graph', 'Statistics', 'tacit.showStatistics'),
    entry('output', 'Log', 'tacit.showLog'),
    entry('pulse', 'Doctor', 'tacit.doctor'),
    entry('settings-gear', 'Settings', 'settings'),
    entry('refresh', 'Restart', 'tacit.restart'),
  ];
  if (status?.state === 'missing') {
    entries.unshift(entry('cloud-download', 'Download the Model', PULL_COMMAND, status.model));
  }
  const placeHolder = status
    ? [status.state, status.detail].filter(Boolean).join(': ')
    : `The server: ${server.state}`;
  const chosen = await vscode.window.showQuickPick(entries, { title: 'tacit', placeHolder });
  if (!chosen) return;
  if (chosen.value === 'settings') {
    await vscode.commands.executeCommand('workbench.action.openSettings', '@ext:tacit-lsp.tacit');
  } else {
    await vscode.commands.executeCommand(chosen.value);
  }
}

async function pause({ pausing }: Parts): Promise<void> {
  const document = activeDocument();
  const entries: Entry<Pause>[] = [{ label: 'Everywhere', value: { kind: 'everywhere' } }];
  if (document) {
    const language = document.languageId;
    const uri = document.uri.toString();
    entries.push(
      { label: 'In This Language', description: language, value: { kind: 'language', language } },
      { label: 'In This File', description: nameOf(document), value: { kind: 'file', uri } },
    );
  }
  const placeHolder = 'Until you resume. What the settings say stays as it is.';
  const chosen = await vscode.window.showQuickPick(entries, { title: 'Pause tacit', placeHolder });
  if (chosen) pausing.add(chosen.value);
}

async function chooseModel({ extension, server }: Parts): Promise<void> {
  const [{ models }, machine] = await Promise.all([
    json<{ models: Model[] }>(extension, ['models', 'list', '--json']),
    json<{ facts: Machine }>(extension, ['doctor', '--json']).then(
      ({ facts }) => facts,
      () => undefined,
    ),
  ]);
  const current = server.status?.model;
  const choices = modelChoices(models, machine);
  const entries: Entry<string>[] = [
    {
      label: 'Automatic',
      description: 'the one that is quick on any machine',
      value: 'auto',
    },
  ];
  const add = (title: string, group: ModelChoice[]) => {
    if (group.length === 0) return;
    entries.push({ label: title, kind: vscode.QuickPickItemKind.Separator, value: '' });
    entries.push(
      ...group.map((choice) => ({
        label: choice.name === current ? `$(check) ${choice.name}` : choice.name,
        description: choice.isDefault ? 'default' : '',
        detail: choice.facts,
        value: choice.name,
      })),
    );
  };
  add(
    'on this machine',
    choices.filter((choice) => choice.here),
  );
  add(
    'to download',
    choices.filter((choice) => !choice.here && choice.fits),
  );
  add(
    'too large for this machine',
    choices.filter((choice) => !choice.here && !choice.fits),
  );
  const placeHolder =
    'Larger models know more and are slower. Speeds are estimates from what was measured here.';
  const options = { title: 'Choose a model', placeHolder, matchOnDetail: true };
  const chosen = await vscode.window.showQuickPick(entries, options);
  // The server restarts by itself, and asks before it downloads what is not here.
  if (chosen)
    await vscode.workspace
      .getConfiguration('tacit')
      .update('model', chosen.value, vscode.ConfigurationTarget.Global);
}

async function showPrompt({ server, reports }: Parts): Promise<void> {
  const document = activeDocument();
  if (!document) {
    void vscode.window.showInformationMessage('tacit: Open the file whose last prompt you want to see.');
    return;
  }
  const explanation = await server.explain(document);
  const name = nameOf(document);
  const text = explanation ? explanationText(name, document.languageId, explanation) : nothingToExplain(name);
  await reports.show(`What was sent for ${name}.md`, text);
}

async function showDoctor({ extension, server, reports }: Parts): Promise<void> {
  const location = { location: vscode.ProgressLocation.Window, title: 'tacit: looking at this machine' };
  const printed = await vscode.window.withProgress(location, () => output(extension, ['doctor']));
  const settings = JSON.stringify(server.settings(), (_, value: unknown) => value ?? undefined, 2);
  const parts = [
    printed.trimEnd(),
    '',
    'What VS Code tells the server beside that configuration:',
    settings,
    '',
  ];
  await reports.show('tacit doctor.txt', parts.join('\n'));
}

/** The document that the user completes: of the active editor, else of the one that he sees. */
function activeDocument(): vscode.TextDocument | undefined {
  const editors = [vscode.window.activeTextEditor, ...vscode.window.visibleTextEditors];
  const documents = editors.flatMap((editor) => (editor ? [editor.document] : []));
  return documents.find((document) => vscode.languages.match(DOCUMENTS, document) > 0);
}

function nameOf(document: vscode.TextDocument): string {
  return basename(document.uri.path);
}
