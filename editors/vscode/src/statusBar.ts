/** The entry in the status bar: shows what the server does, how quickly the model writes, and opens the menu. */
import * as vscode from 'vscode';
import type { Pausing } from './pausing';
import type { SessionStats } from './protocol';
import type { Server } from './server';
import { speedBetween, statusText } from './statusText';

/** A suggestion is there by then, as a rule; and nobody reads a speed more often. */
const LOOK_AFTER_MS = 1500;

export class StatusBar implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private readonly subscriptions: vscode.Disposable[];
  private look: NodeJS.Timeout | undefined;
  private counted: SessionStats | undefined;
  private tokensPerSecond: number | undefined;

  constructor(
    private readonly server: Server,
    private readonly pausing: Pausing,
  ) {
    this.item = vscode.window.createStatusBarItem('tacit.status', vscode.StatusBarAlignment.Right, 100);
    this.item.name = 'tacit';
    this.item.command = 'tacit.showMenu';
    this.subscriptions = [
      this.item,
      server.onDidChange(() => {
        if (server.state !== 'running') this.counted = this.tokensPerSecond = undefined;
        this.draw();
      }),
      server.onDidAsk(() => this.lookSoon()),
      pausing.onDidChange(() => this.draw()),
      vscode.window.onDidChangeActiveTextEditor(() => this.draw()),
    ];
    this.draw();
    this.item.show();
  }

  dispose(): void {
    clearTimeout(this.look);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private draw(): void {
    const pause = this.pausing.at(vscode.window.activeTextEditor?.document);
    const { state: server, status } = this.server;
    const { text, label, tooltip, severity } = statusText({
      server,
      status,
      pause,
      tokensPerSecond: this.tokensPerSecond,
    });
    this.item.text = text;
    this.item.tooltip = tooltip;
    this.item.accessibilityInformation = { label: `${label}. ${tooltip}`, role: 'button' };
    this.item.backgroundColor =
      severity === 'none' ? undefined : new vscode.ThemeColor(`statusBarItem.${severity}Background`);
    void vscode.commands.executeCommand('setContext', 'tacit.state', status?.state ?? server);
    void vscode.commands.executeCommand('setContext', 'tacit.paused', pause !== undefined);
  }

  private lookSoon(): void {
    this.look ??= setTimeout(() => {
      this.look = undefined;
      void this.measure();
    }, LOOK_AFTER_MS);
  }

  private async measure(): Promise<void> {
    // A server that ends meanwhile answers nothing, and is measured when it runs again.
    const now = await this.server.stats().catch(() => undefined);
    if (!now) return;
    this.tokensPerSecond = speedBetween(this.counted, now) ?? this.tokensPerSecond;
    this.counted = now;
    this.draw();
  }
}
