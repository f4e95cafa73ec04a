/** What VS Code calls: puts the parts together, and takes them apart. */
import * as vscode from 'vscode';
import { Actions } from './actions/actions';
import { Changes } from './actions/changes';
import { ExplanationPanel } from './actions/explanationPanel';
import { registerCommands } from './commands';
import { Pausing } from './pausing';
import { Reports } from './reports';
import { Server } from './server';
import { StatisticsPanel } from './statistics/panel';
import { StatusBar } from './statusBar';

let server: Server | undefined;

export async function activate(extension: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel('tacit', { log: true });
  const pausing = new Pausing(extension.workspaceState);
  const running = new Server(extension, log, (document) => pausing.at(document) !== undefined);
  server = running;
  const reports = new Reports();
  const changes = new Changes();
  const explanation = new ExplanationPanel(reports);
  const actions = new Actions(running, changes, explanation);
  const statistics = new StatisticsPanel(extension, () => running.stats());
  extension.subscriptions.push(
    log,
    pausing,
    running,
    reports,
    changes,
    explanation,
    new StatusBar(running, pausing),
    running.onDidAccept(() => void vscode.commands.executeCommand('setContext', 'tacit.accepted', true)),
    ...registerCommands({ extension, server: running, actions, changes, pausing, reports, statistics, log }),
  );
  await running.start();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
