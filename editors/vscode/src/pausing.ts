/** Where completions are paused in this workspace: kept from one session to the next, and told to whoever shows it. */
import * as vscode from 'vscode';
import { kept, pauseAt, resumedAt, withPause, type Pause } from './pauses';

const KEPT = 'pauses';

export class Pausing implements vscode.Disposable {
  private pauses: Pause[];
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;

  constructor(private readonly memento: vscode.Memento) {
    this.pauses = kept(memento.get(KEPT));
  }

  dispose(): void {
    this.changed.dispose();
  }

  at(document: vscode.TextDocument | undefined): Pause | undefined {
    return pauseAt(this.pauses, placeOf(document));
  }

  add(pause: Pause): void {
    this.become(withPause(this.pauses, pause));
    // A suggestion that is on the screen belongs to the time before.
    void vscode.commands.executeCommand('editor.action.inlineSuggest.hide');
  }

  resumeAt(document: vscode.TextDocument | undefined): void {
    this.become(resumedAt(this.pauses, placeOf(document)));
  }

  private become(pauses: Pause[]): void {
    this.pauses = pauses;
    void this.memento.update(KEPT, pauses);
    this.changed.fire();
  }
}

function placeOf(document: vscode.TextDocument | undefined) {
  return document && { uri: document.uri.toString(), language: document.languageId };
}
