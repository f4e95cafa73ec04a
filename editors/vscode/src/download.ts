/** The progress of a download, with a way to cancel it. The client's own progress in the status bar has none. */
import * as vscode from 'vscode';
import type {
  ProgressToken,
  WorkDoneProgressBegin,
  WorkDoneProgressEnd,
  WorkDoneProgressReport,
} from 'vscode-languageclient';
import { PULL_TOKENS } from './protocol';

type Step = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;

export class Downloads {
  private readonly running = new Map<ProgressToken, (step: Step) => void>();

  /** `cancel` tells the server that its download is to stop. */
  constructor(private readonly cancel: (token: ProgressToken) => void) {}

  /** Shows a step if it belongs to a download. Returns whether it does. */
  take(token: ProgressToken, step: Step): boolean {
    if (typeof token !== 'string' || !token.startsWith(PULL_TOKENS)) return false;
    if (step.kind === 'begin') this.begin(token, step);
    else this.running.get(token)?.(step);
    return true;
  }

  /** The server is gone, and so are its downloads. */
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
          const percentage = step.percentage ?? reported;
          progress.report({
            increment: percentage - reported,
            ...(step.message && { message: step.message }),
          });
          reported = percentage;
        });
        this.running.get(token)?.({ ...begin, kind: 'report' });
      });
    });
  }
}
