/**
 * The connection to `tacit lsp`: starts it, restarts it, and stands between VS Code and it where they would misunderstand one another.
 * What to do with what the server says is others' business: they listen.
 */
import * as vscode from 'vscode';
import {
  ErrorCodes,
  LanguageClient,
  ResponseError,
  State,
  type LanguageClientOptions,
  type Middleware,
  type ServerOptions,
  type StaticFeature,
} from 'vscode-languageclient/node';
import { message } from './display';
import { InlineCompletions } from './inlineCompletions';
import { environment, ProgramError, serverProgram, workingFolder } from './program';
import { CancellableProgress } from './progress';
import * as protocol from './protocol';
import { RESTARTING, serverKeys, setByUser, tables } from './settings';

/** Documents that are completed: files, those that have none yet, and the cells of notebooks. */
export const DOCUMENTS: { scheme: string }[] = [
  { scheme: 'file' },
  { scheme: 'untitled' },
  { scheme: 'vscode-notebook-cell' },
];

/** What the client announces beside what the protocol knows. */
const ANNOUNCED: StaticFeature = {
  fillClientCapabilities: (capabilities) => {
    capabilities.experimental = { ...capabilities.experimental, ...protocol.CLIENT_CAPABILITIES };
  },
  initialize: () => undefined,
  getState: () => ({ kind: 'static' }),
  clear: () => undefined,
};

/** Settings change key by key while they are typed. */
const SETTLED_MS = 500;

export type ServerState = 'starting' | 'running' | 'missing' | 'stopped';

export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private state_: ServerState = 'stopped';
  private status_: protocol.Status | undefined;
  private turn: Promise<void> = Promise.resolve();
  private restarting: NodeJS.Timeout | undefined;
  private readonly inline = new InlineCompletions();
  private readonly progress = new CancellableProgress((token) => {
    void this.running()?.sendNotification('window/workDoneProgress/cancel', { token });
  });
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly accepted = new vscode.EventEmitter<void>();
  private readonly subscriptions: vscode.Disposable[] = [this.changed, this.accepted, this.inline];

  /** State or status are other ones now. */
  readonly onDidChange = this.changed.event;
  /** A suggestion was asked for in a document. */
  readonly onDidAsk = this.inline.onDidAsk;
  /** A suggestion was accepted whole. */
  readonly onDidAccept = this.accepted.event;

  constructor(
    private readonly extension: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
    private readonly isPaused: (document: vscode.TextDocument) => boolean,
  ) {
    this.subscriptions.push(
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (RESTARTING.some((section) => change.affectsConfiguration(section))) this.restartSoon();
      }),
      vscode.window.onDidChangeActiveTextEditor((editor) => this.focus(editor)),
    );
  }

  get state(): ServerState {
    return this.state_;
  }

  /** What the server last said of its engine. */
  get status(): protocol.Status | undefined {
    return this.status_;
  }

  start(): Promise<void> {
    return this.inTurn(() => this.launch());
  }

  restart(): Promise<void> {
    return this.inTurn(async () => {
      await this.end();
      await this.launch();
    });
  }

  stop(): Promise<void> {
    return this.inTurn(() => this.end());
  }

  dispose(): void {
    clearTimeout(this.restarting);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  /** Undefined while the server does not run. */
  async stats(): Promise<protocol.SessionStats | undefined> {
    return this.running()?.sendRequest<protocol.SessionStats>(protocol.STATS);
  }

  /** Null if nothing was asked in the document yet. Throws a `ProgramError` where `ask` does. */
  explain(document: vscode.TextDocument): Promise<protocol.Explanation | null> {
    return this.ask(protocol.EXPLAIN, { textDocument: { uri: document.uri.toString() } });
  }

  /** The server's answer. Throws a `ProgramError` if it does not run, ends meanwhile, or refuses. */
  async ask<Answer>(method: string, params: object): Promise<Answer> {
    const client = this.running();
    if (!client) throw new ProgramError('The server does not run. The menu in the status bar restarts it.');
    try {
      return await client.sendRequest<Answer>(method, params);
    } catch (error) {
      const isRefused = error instanceof ResponseError && error.code !== ErrorCodes.PendingResponseRejected;
      throw new ProgramError(isRefused ? error.message : 'The server has ended meanwhile. Ask again.');
    }
  }

  /** VS Code's settings, as the server is told. */
  settings(): { [key: string]: unknown } {
    const manifest = this.extension.extension.packageJSON as {
      contributes: { configuration: { properties: object }[] };
    };
    const properties = manifest.contributes.configuration.flatMap((group) => Object.keys(group.properties));
    const configuration = vscode.workspace.getConfiguration('tacit');
    return tables(serverKeys(properties), (key) => setByUser(configuration.inspect(key)));
  }

  /** One start or end at a time, in the order in which they were wanted. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(work).catch((error: unknown) => {
      this.log.error(error instanceof Error ? error.message : String(error));
    });
    return this.turn;
  }

  private running(): LanguageClient | undefined {
    return this.client?.isRunning() ? this.client : undefined;
  }

  private restartSoon(): void {
    clearTimeout(this.restarting);
    this.restarting = setTimeout(() => void this.restart(), SETTLED_MS);
  }

  private async launch(): Promise<void> {
    const found = serverProgram(this.extension);
    if ('missing' in found) {
      this.become('missing', undefined);
      this.log.error(found.missing);
      void this.tellMissing(found.missing);
      return;
    }
    this.become('starting', undefined);
    this.log.info(`The server is ${found.program} (from ${found.from}).`);
    const executable: ServerOptions = {
      command: found.program,
      args: ['lsp'],
      options: { cwd: workingFolder(this.extension), env: environment() },
    };
    const client = new LanguageClient('tacit', 'tacit', executable, this.options());
    this.client = client;
    client.registerFeature(ANNOUNCED);
    client.onDidChangeState(({ newState }) => {
      if (this.client !== client) return;
      if (newState === State.Stopped) this.become('stopped', undefined);
      else this.become(newState === State.Running ? 'running' : 'starting', this.status_);
    });
    client.onNotification(protocol.STATUS, (status: protocol.Status) => this.become(this.state_, status));
    client.onNotification(protocol.LONGER, (longer: protocol.Longer) => this.inline.longer(longer));
    await client.start();
    this.focus(vscode.window.activeTextEditor);
  }

  private async end(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    this.become('stopped', undefined);
    await client?.dispose();
  }

  private become(state: ServerState, status: protocol.Status | undefined): void {
    this.state_ = state;
    this.status_ = status;
    if (state === 'stopped') this.progress.end();
    this.changed.fire();
  }

  private async tellMissing(sentence: string): Promise<void> {
    const [guide, settings] = ['How to Get It', 'Open Settings'];
    const chosen = await vscode.window.showErrorMessage(message(`tacit: ${sentence}`), guide, settings);
    if (chosen === guide) {
      await vscode.commands.executeCommand('extension.open', this.extension.extension.id);
    } else if (chosen === settings) {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'tacit.server.path');
    }
  }

  private options(): LanguageClientOptions {
    return {
      documentSelector: DOCUMENTS,
      outputChannel: this.log,
      initializationOptions: () => this.settings(),
      middleware: this.middleware(),
    };
  }

  private middleware(): Middleware {
    return {
      provideInlineCompletionItems: (document, position, context, token, next) =>
        this.isPaused(document) ? null : this.inline.provide(document, position, context, token, next),
      provideCompletionItem: (document, position, context, token, next) =>
        this.isPaused(document) ? null : next(document, position, context, token),
      provideCodeActions: async (document, range, context, token, next) =>
        (await next(document, range, context, token))?.map(withCommand),
      // Its command does the work, and shows what comes of it.
      resolveCodeAction: (action) => action,
      executeCommand: (command, args, next) => {
        if (command === protocol.ACCEPTED_COMMAND) this.accepted.fire();
        return next(command, args);
      },
      handleWorkDoneProgress: (token, step, next) => {
        // The end goes to the client, too: it holds a part for each token.
        if (!this.progress.take(token, step) || step.kind === 'end') next(token, step);
      },
      workspace: {
        configuration: ({ items }) =>
          items.map((item) => (item.section === 'tacit' ? this.settings() : null)),
        didChangeConfiguration: async () => {
          await this.running()?.sendNotification('workspace/didChangeConfiguration', {
            settings: this.settings(),
          });
        },
      },
    };
  }

  private focus(editor: vscode.TextEditor | undefined): void {
    const client = this.running();
    if (!client) return;
    const isOurs = editor !== undefined && vscode.languages.match(DOCUMENTS, editor.document) > 0;
    const textDocument = isOurs
      ? client.code2ProtocolConverter.asTextDocumentIdentifier(editor.document)
      : null;
    void client.sendNotification(protocol.DID_FOCUS, { textDocument });
  }
}

/** An entry of the menu whose work is done by this extension. */
function withCommand(action: vscode.Command | vscode.CodeAction): vscode.Command | vscode.CodeAction {
  if (!(action instanceof vscode.CodeAction) || !('data' in action)) return action;
  const { title, data } = action;
  action.command = { title, command: protocol.RUN_ACTION_COMMAND, arguments: [{ title, data }] };
  return action;
}
