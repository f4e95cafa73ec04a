/**
 * Code actions, from the entry of the menu to what comes of it. VS Code would make the edit at once; here the model works while its
 * progress is shown, and then the user sees the change before it is made.
 */
import * as vscode from 'vscode';
import { ProgramError } from '../program';
import {
  ACT_COMMAND,
  CODE_ACTION,
  EXECUTE_COMMAND,
  RESOLVE_ACTION,
  type ActionEntry,
  type Explained,
} from '../protocol';
import { DOCUMENTS, type Server } from '../server';
import type { Changes } from './changes';
import type { ExplanationPanel } from './explanationPanel';
import { proposal, type Proposal } from './proposal';
import { isReadOnly } from './readOnly';

export class Actions {
  constructor(
    private readonly server: Server,
    private readonly changes: Changes,
    private readonly explanation: ExplanationPanel,
  ) {}

  /** Does what an entry says. The server tells by itself why nothing comes of one, unless the user has cancelled it. */
  async run(entry: ActionEntry): Promise<void> {
    const { action, instruction } = entry.data.offer;
    if (action === 'explain') return this.explain(entry);
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(entry.data.uri));
    if (await isReadOnly(document)) throw new ProgramError('The file is read-only, so it stays as it is.');
    if (action !== 'edit' || instruction) return this.change(entry);
    const told = await askForInstruction(entry.title);
    if (told) await this.change(instructed(entry, told), told);
  }

  /** Edits the selection, or the function at the cursor, as the user says. */
  async edit(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (!editor || vscode.languages.match(DOCUMENTS, editor.document) === 0)
      throw new ProgramError('Open the file that you want to edit.');
    const entries = await this.server.ask<ActionEntry[] | null>(CODE_ACTION, {
      textDocument: { uri: editor.document.uri.toString() },
      range: { start: editor.selection.start, end: editor.selection.end },
      context: { diagnostics: [], only: ['refactor.rewrite'], triggerKind: 1 },
    });
    const entry = entries?.find(({ data }) => data.offer.action === 'edit' && !data.offer.instruction);
    if (!entry)
      throw new ProgramError(
        'There is no code here that could be edited. Select some lines, fewer than 150, or put the cursor into a function.',
      );
    await this.run(entry);
  }

  /** `title` is that of the tab. */
  private async change(entry: ActionEntry, title = entry.title): Promise<void> {
    const { edit } = await this.server.ask<ActionEntry>(RESOLVE_ACTION, entry);
    if (!edit) return;
    const proposed = proposal(edit);
    if (!proposed)
      throw new ProgramError('The server proposes a kind of change that this extension does not know.');
    await this.show(title, proposed);
  }

  private async show(title: string, { uri, version, isNew, edits }: Proposal): Promise<void> {
    if (edits.length === 0) throw new ProgramError('The model would leave the code as it is.');
    const target = vscode.Uri.parse(uri);
    const document = isNew ? undefined : await vscode.workspace.openTextDocument(target);
    if (document && version !== null && document.version !== version)
      throw new ProgramError('The document was changed meanwhile, so nothing was changed. Ask again.');
    const offset = ({ line, character }: { line: number; character: number }) =>
      document?.offsetAt(new vscode.Position(line, character)) ?? 0;
    const moved = edits.map(({ range, newText }) => ({
      start: offset(range.start),
      end: offset(range.end),
      text: newText,
    }));
    await this.changes.show({ title, target, document, edits: moved });
  }

  private async explain(entry: ActionEntry): Promise<void> {
    const params = { command: ACT_COMMAND, arguments: [entry.data] };
    const explained = await this.server.ask<Explained | null>(EXECUTE_COMMAND, params);
    if (explained) await this.explanation.show(entry.title.replaceAll('`', ''), explained.markdown);
  }
}

function instructed(entry: ActionEntry, instruction: string): ActionEntry {
  const { data } = entry;
  return { ...entry, data: { ...data, offer: { ...data.offer, instruction } } };
}

async function askForInstruction(title: string): Promise<string | undefined> {
  const told = await vscode.window.showInputBox({
    title,
    prompt: 'What should be different? In any words, on one line.',
    placeHolder: 'use a set instead of a list',
    // The instruction is not lost when one looks something up.
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() ? undefined : 'Say what should be different, or press Escape.'),
  });
  return told?.trim();
}
