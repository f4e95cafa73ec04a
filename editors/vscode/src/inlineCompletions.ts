/**
 * Ghost text: stands between VS Code's requests and the server's answers.
 *
 * VS Code (1.139) gives up on an answer that has not come 750 ms after the last key, opens the completion menu instead, and does not ask
 * again. A cold prompt takes longer. So a request that VS Code has given up on goes on while text and cursor stay, and when its answer is
 * there, VS Code is made to ask again: the server has the answer by then.
 */
import * as vscode from 'vscode';
import type { Longer } from './protocol';
import { Reasks, type Reason } from './reasks';

type Next = vscode.InlineCompletionItemProvider['provideInlineCompletionItems'];
type Answer = vscode.InlineCompletionItem[] | vscode.InlineCompletionList | null | undefined;

/** A request on its way to the server. */
interface Asked {
  document: vscode.TextDocument;
  version: number;
  position: vscode.Position;
  cancellation: vscode.CancellationTokenSource;
}

export class InlineCompletions implements vscode.Disposable {
  private newest: Asked | undefined;
  private readonly reasks = new Reasks();
  private readonly asked = new vscode.EventEmitter<vscode.TextDocument>();
  private readonly subscriptions: vscode.Disposable[];
  /** A suggestion was asked for in a document. */
  readonly onDidAsk = this.asked.event;

  constructor() {
    this.subscriptions = [
      this.asked,
      vscode.workspace.onDidChangeTextDocument(() => this.endOutdated()),
      vscode.window.onDidChangeTextEditorSelection(() => this.endOutdated()),
      vscode.window.onDidChangeActiveTextEditor(() => this.endOutdated()),
    ];
  }

  dispose(): void {
    this.newest?.cancellation.cancel();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  async provide(
    document: vscode.TextDocument,
    position: vscode.Position,
    context: vscode.InlineCompletionContext,
    token: vscode.CancellationToken,
    next: Next,
  ): Promise<Answer> {
    const { version } = document;
    const isReask = this.reasks.take({ uri: document.uri.toString(), version });
    const triggerKind = isReask ? vscode.InlineCompletionTriggerKind.Automatic : context.triggerKind;
    const cancellation = new vscode.CancellationTokenSource();
    const asked: Asked = { document, version, position, cancellation };
    this.newest?.cancellation.cancel();
    this.newest = asked;
    this.asked.fire(document);
    const givingUp = token.onCancellationRequested(() => this.endOutdated());
    try {
      const answer = await next(document, position, { ...context, triggerKind }, cancellation.token);
      if (token.isCancellationRequested && this.newest === asked && hasItems(answer)) {
        void this.askAgain({ uri: document.uri.toString(), version }, 'late');
      }
      return answer;
    } finally {
      givingUp.dispose();
      if (this.newest === asked) this.newest = undefined;
      cancellation.dispose();
    }
  }

  /** There is more than the suggestion on the screen says. */
  longer(longer: Longer): void {
    void this.askAgain(longer, 'longer');
  }

  /** Makes VS Code ask for what the server has by now, unless the text is another one. */
  private async askAgain(text: Longer, reason: Reason): Promise<void> {
    const document = vscode.window.activeTextEditor?.document;
    if (document?.uri.toString() !== text.uri || document.version !== text.version) return;
    if (!this.reasks.expect(text, reason)) return;
    // A suggestion that is on the screen keeps its place before any newer one.
    if (reason === 'longer') await vscode.commands.executeCommand('editor.action.inlineSuggest.hide');
    // Versions that do not know `explicit` take it for the user's wish: hence `reasks`.
    await vscode.commands.executeCommand('editor.action.inlineSuggest.trigger', { explicit: false });
  }

  /** Cancels the newest request if its answer would belong to a text or a cursor that is no more. */
  private endOutdated(): void {
    const { newest } = this;
    if (!newest) return;
    const editor = vscode.window.activeTextEditor;
    const isCurrent =
      editor?.document === newest.document &&
      newest.document.version === newest.version &&
      editor.selection.active.isEqual(newest.position);
    if (!isCurrent) newest.cancellation.cancel();
  }
}

function hasItems(answer: Answer): boolean {
  return (Array.isArray(answer) ? answer : (answer?.items ?? [])).length > 0;
}
