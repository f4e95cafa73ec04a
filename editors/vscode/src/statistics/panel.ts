/** The tab with the statistics: asks the program and the server, and hands the page what it shows. One tab at a time. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { json, ProgramError } from '../program';
import type { SessionStats } from '../protocol';
import type { Drawn } from './page';
import { failureHtml, reportHtml } from './render';
import { questionArguments, readQuestion, type Question, type Report } from './report';
import { shellHtml } from './shell';

/** The question is kept under this key, with the assumptions that the user has changed. */
const KEPT = 'statistics';

export class StatisticsPanel {
  private panel: vscode.WebviewPanel | undefined;
  /** Numbers the questions: an answer that another one has overtaken is dropped. */
  private asked = 0;

  constructor(
    private readonly extension: vscode.ExtensionContext,
    /** What this window's server has counted; undefined while it does not run. */
    private readonly session: () => Promise<SessionStats | undefined>,
  ) {}

  show(): void {
    if (this.panel) {
      this.panel.reveal();
      return;
    }
    const dist = vscode.Uri.joinPath(this.extension.extensionUri, 'dist');
    const panel = vscode.window.createWebviewPanel(
      'tacit.statistics',
      'tacit: Statistics',
      vscode.ViewColumn.Active,
      {
        enableScripts: true,
        localResourceRoots: [dist],
      },
    );
    panel.onDidDispose(() => (this.panel = undefined));
    panel.webview.onDidReceiveMessage((question: unknown) => this.answer(panel, readQuestion(question)));
    const script = panel.webview.asWebviewUri(vscode.Uri.joinPath(dist, 'statistics.js')).toString();
    const question = readQuestion(this.extension.globalState.get(KEPT));
    panel.webview.html = shellHtml(question, script, randomBytes(16).toString('hex'));
    this.panel = panel;
  }

  private async answer(panel: vscode.WebviewPanel, question: Question): Promise<void> {
    const turn = ++this.asked;
    await this.extension.globalState.update(KEPT, question);
    const drawn = await this.drawn(question);
    if (turn === this.asked && this.panel === panel) await panel.webview.postMessage(drawn);
  }

  private async drawn(question: Question): Promise<Drawn> {
    try {
      const session = this.session().catch(() => undefined);
      const report = await json<Report>(this.extension, questionArguments(question));
      return { html: reportHtml(report, await session), assumptions: report.assumptions };
    } catch (error) {
      const reason =
        error instanceof ProgramError
          ? error.message
          : 'The report could not be made because of a bug in tacit.';
      return { html: failureHtml(reason), assumptions: undefined };
    }
  }
}
