/** The tab beside the code in which an explanation is read. One tab at a time: the next explanation takes its place. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { Reports } from '../reports';
import { explanationHtml } from './explanationHtml';

export class ExplanationPanel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;

  constructor(private readonly reports: Reports) {}

  dispose(): void {
    this.panel?.dispose();
  }

  /** The focus stays where it is: the user may have gone on typing. */
  async show(title: string, markdown: string): Promise<void> {
    const rendered = await rendering(markdown);
    if (rendered === undefined) {
      await this.reports.show(`${title}.md`, markdown);
      return;
    }
    const panel = (this.panel ??= this.open());
    panel.title = title;
    panel.webview.html = explanationHtml(title, rendered, randomBytes(16).toString('hex'));
    panel.reveal(undefined, true);
  }

  private open(): vscode.WebviewPanel {
    const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    const panel = vscode.window.createWebviewPanel('tacit.explanation', 'tacit', place, {
      localResourceRoots: [],
      enableFindWidget: true,
    });
    panel.onDidDispose(() => (this.panel = undefined));
    return panel;
  }
}

/** Undefined where VS Code's own Markdown extension is switched off. */
async function rendering(markdown: string): Promise<string | undefined> {
  try {
    return await vscode.commands.executeCommand<string>('markdown.api.render', markdown);
  } catch {
    return undefined;
  }
}
