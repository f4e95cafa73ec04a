/**
 * Changes that the model has written and nobody has accepted yet. Each is a tab that shows it as a difference, with buttons to accept and to
 * discard it; to close the tab is to discard. While it waits it follows what is typed elsewhere in the document.
 */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { message } from '../display';
import { applied, rebased, type OffsetEdit } from './edits';

const SCHEME = 'tacit-change';
/** A tab gets no wider. */
const LONGEST_TITLE = 50;
/** The address of the empty side of a new file's difference. */
const EMPTY = 'empty';

interface Change {
  /** The changed text: the right side of the tab. */
  uri: vscode.Uri;
  target: vscode.Uri;
  /** Undefined for a new file. */
  document: vscode.TextDocument | undefined;
  edits: OffsetEdit[];
}

export interface NewChange {
  title: string;
  target: vscode.Uri;
  document: vscode.TextDocument | undefined;
  edits: OffsetEdit[];
}

export class Changes implements vscode.TextDocumentContentProvider, vscode.Disposable {
  /** By the address of the changed text. */
  private readonly waiting = new Map<string, Change>();
  private count = 0;
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly subscriptions: vscode.Disposable[];
  readonly onDidChange = this.changed.event;

  constructor() {
    this.subscriptions = [
      this.changed,
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.workspace.onDidChangeTextDocument((event) => this.follow(event)),
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
        for (const tab of closed) this.waiting.delete(keyOf(tab));
      }),
    ];
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    const change = uri.query === EMPTY ? undefined : this.waiting.get(uri.toString());
    return change ? applied(change.document?.getText() ?? '', change.edits) : '';
  }

  /** Shows a change. Nothing is made of it before it is accepted. */
  async show({ title, target, document, edits }: NewChange): Promise<void> {
    this.count += 1;
    const name = basename(target.path);
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${this.count}/${name}` });
    this.waiting.set(uri.toString(), { uri, target, document, edits });
    const proposed = await vscode.workspace.openTextDocument(uri);
    if (document && proposed.languageId !== document.languageId) {
      await vscode.languages.setTextDocumentLanguage(proposed, document.languageId);
    }
    const before = document?.uri ?? uri.with({ query: EMPTY });
    const label = `${name}: ${cut(title.replaceAll('`', ''))}`;
    await vscode.commands.executeCommand('vscode.diff', before, uri, label, { preview: false });
  }

  /** Makes the change of this tab, or of the one in front. */
  async accept(uri?: vscode.Uri): Promise<void> {
    const change = this.find(uri);
    if (!change) return;
    const { target, document, edits } = change;
    // One that was closed has been followed no further.
    const now = document?.isClosed ? await vscode.workspace.openTextDocument(target) : document;
    if (now?.getText() !== document?.getText()) return this.drop(change);
    // Its own edit is no reason to drop it.
    this.waiting.delete(change.uri.toString());
    if (!(await vscode.workspace.applyEdit(workspaceEdit(change)))) {
      this.waiting.set(change.uri.toString(), change);
      const name = basename(target.path);
      const why = document
        ? 'it may be changing just now'
        : 'it may be there already, or its folder be read-only';
      void vscode.window.showWarningMessage(message(`tacit: ${name} could not be changed: ${why}.`));
      return;
    }
    await closeTab(change.uri);
    await reveal(target, Math.min(...edits.map((edit) => edit.start)));
  }

  /** Drops the change of this tab, or of the one in front. */
  async discard(uri?: vscode.Uri): Promise<void> {
    const change = this.find(uri);
    if (!change) return;
    await closeTab(change.uri);
    if (change.document) await reveal(change.target);
  }

  private find(uri: vscode.Uri | undefined): Change | undefined {
    const { activeTab } = vscode.window.tabGroups.activeTabGroup;
    return this.waiting.get(uri instanceof vscode.Uri ? uri.toString() : keyOf(activeTab));
  }

  /** The code that a change was made for is another one now. */
  private async drop({ uri, target }: Change): Promise<void> {
    this.waiting.delete(uri.toString());
    await closeTab(uri);
    const name = basename(target.path);
    void vscode.window.showWarningMessage(
      message(`tacit: ${name} was edited where it was to be changed, so the change was dropped. Ask again.`),
    );
  }

  private follow({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    if (contentChanges.length === 0) return;
    for (const change of this.waiting.values()) {
      if (change.document !== document) continue;
      const edits = rebased(change.edits, contentChanges);
      if (edits) {
        change.edits = edits;
        this.changed.fire(change.uri);
      } else {
        void this.drop(change);
      }
    }
  }
}

function workspaceEdit({ target, document, edits }: Change): vscode.WorkspaceEdit {
  const edit = new vscode.WorkspaceEdit();
  if (!document) {
    edit.createFile(target, { overwrite: false });
    edit.insert(target, new vscode.Position(0, 0), applied('', edits));
    return edit;
  }
  for (const { start, end, text } of edits) {
    edit.replace(target, new vscode.Range(document.positionAt(start), document.positionAt(end)), text);
  }
  return edit;
}

function cut(title: string): string {
  return title.length <= LONGEST_TITLE ? title : `${title.slice(0, LONGEST_TITLE - 1)}…`;
}

function keyOf(tab: vscode.Tab | undefined): string {
  return tab?.input instanceof vscode.TabInputTextDiff ? tab.input.modified.toString() : '';
}

async function closeTab(uri: vscode.Uri): Promise<void> {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  await vscode.window.tabGroups.close(tabs.filter((tab) => keyOf(tab) === uri.toString()));
}

/** Back to the code, where it changed. A cell is shown in its notebook. */
async function reveal(uri: vscode.Uri, offset?: number): Promise<void> {
  const isIts = (cell: vscode.NotebookCell) => cell.document.uri.toString() === uri.toString();
  const notebook = vscode.workspace.notebookDocuments.find((notebook) => notebook.getCells().some(isIts));
  if (notebook) {
    await vscode.window.showNotebookDocument(notebook);
    return;
  }
  const document = await vscode.workspace.openTextDocument(uri);
  const at = offset === undefined ? undefined : document.positionAt(offset);
  await vscode.window.showTextDocument(document, at && { selection: new vscode.Range(at, at) });
}
