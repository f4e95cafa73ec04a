/** The progress of work that its user can cancel: downloads and code actions. The client's own progress in the status bar has no button. */
import * as vscode from 'vscode';
import type {
  ProgressToken,
  WorkDoneProgressBegin,
  WorkDoneProgressEnd,
  WorkDoneProgressReport,
} from 'vscode-languageclient';
import { ACTION_TOKENS, PULL_TOKENS } from './protocol';

type Step = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;

export class CancellableProgress {
  private readonly running = new Map<ProgressToken, (step: Step) => void>();

  /** `cancel` tells the server that its work is to stop. */
  constructor(private readonly cancel: (token: ProgressToken) => void) {}

  /** Shows a step if it belongs to work that can be cancelled. Returns whether it does. */
  take(token: ProgressToken, step: Step): boolean {
    if (typeof token !== 'string') return false;
    if (![PULL_TOKENS, ACTION_TOKENS].some((prefix) => token.startsWith(prefix))) return false;
    if (step.kind === 'begin') this.begin(token, step);
    else this.running.get(token)?.(step);
    return true;
  }

  /** The server is gone, and so is its work. */
  end(): void {
    for (const report of this.running.values()) report({ kind: 'end' });
  }

  private begin(token: ProgressToken, begin: WorkDoneProgressBegin): void {
    const options = { location: vscode.ProgressLocation.Notification, title: begin.title, cancellable: true };
    void vscode.window.withProgress(options, (progress, cancelled) => {
      cancelled.onCancellationRequested(() => this.cancel(token));
      return new Promise<void>((resolve) => {
        let reported = 0;
        this.running.set(token, (step) => {
          if (step.kind === 'end') {
            this.running.delete(token);
            resolve();
            return;
          }
          const { message, percentage } = step;
          progress.report({
            ...(message && { message }),
            // Without one, the bar runs to and fro.
            ...(percentage !== undefined && { increment: percentage - reported }),
          });
          reported = percentage ?? reported;
        });
        this.running.get(token)?.({ ...begin, kind: 'report' });
      });
    });
  }
}
