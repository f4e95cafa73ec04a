// The VS Code extension in a real VS Code (code-server in a headless Chromium), with the real server and the real model.
//
// usage: node vscode.mjs EXTENSION.vsix [CASE]...     no name: those of USUAL; further ones: pull, paint
// Environment: TACIT_MODELS (folder of models; `pull` uses an empty one), CHROMIUM, VSCODE_KEEP (a folder for screenshots and logs; default:
// a temporary one that goes), VSCODE_PATIENCE_S. Waits poll, so a slow machine makes them longer, never wrong.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cases as actionCases } from './vscode_actions.mjs';
import { cases as placeCases } from './vscode_places.mjs';
import { Editor, GHOST, PATIENCE_MS, check, equal, say, sleep, until } from './vscode_window.mjs';

/** Counts of twenty days, as the server keeps them. */
function history() {
  const days = {};
  for (let back = 20; back >= 0; back -= 1) {
    if (back % 7 === 3) continue; // a day off
    const date = new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
    const work = 1 + ((back * 7) % 5);
    days[date] = {
      requests: 900 * work,
      cache_hits: 610 * work,
      prompt_tokens_evaluated: 21_000 * work,
      prompt_tokens_reused: 340_000 * work,
      tokens_generated: 9_000 * work,
      draft_tokens_accepted: 3_100 * work,
      latency: {
        400: 300 * work,
        25600: 200 * work,
        102400: 80 * work,
        [409600 * work]: 9,
      },
      languages: {
        python: {
          offered: 300,
          shown: 210,
          accepted: 88,
          accepted_characters: 2900,
          typed: 40,
          refused: 61,
          measured_characters: 2700,
          kept_characters: 2510,
        },
        rust: {
          offered: 120,
          shown: 80,
          accepted: 22,
          accepted_characters: 840,
          typed: 18,
          refused: 31,
          measured_characters: 800,
          kept_characters: 640,
        },
      },
    };
  }
  return { days, learned: {} };
}

/** Runs in the page. Notes for each key how long it took until other ghost text was on the screen, and whether it is the old without that key. */
function watchPaints(selector) {
  const ghost = () => [...document.querySelectorAll(selector)].map((part) => part.textContent).join('');
  window.tacitPaints = [];
  let key;
  document.addEventListener('keydown', () => (key = { at: performance.now(), ghost: ghost() }), true);
  const observer = new MutationObserver(() => {
    const now = ghost();
    if (!key || !now || now === key.ghost) return;
    const { at, ghost: before } = key;
    key = undefined;
    const kind = before.length > 1 && now === before.slice(1) ? 'typed through' : 'new';
    requestAnimationFrame(() => window.tacitPaints.push({ kind, ms: performance.now() - at }));
  });
  observer.observe(document.body, {
    subtree: true,
    childList: true,
    characterData: true,
  });
}

const cases = {
  ...actionCases,
  ...placeCases,

  async statistics(folder, vsix) {
    fs.mkdirSync(path.join(folder, 'state'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'state/history.json'), JSON.stringify(history()));
    const settings = {
      'workbench.colorTheme': 'Default Light Modern',
      'workbench.sideBar.location': 'right',
    };
    await Editor.use(
      folder,
      vsix,
      {
        settings,
      },
      async (editor) => {
        await until('tacit', () => editor.statusBar());
        await editor.press('Control+b'); // the side bar goes
        await editor.page.setViewportSize({ width: 1000, height: 2300 });
        await editor.run('tacit: Show Statistics');
        const page = await until('the statistics', () => frameWith(editor.page, REPORT));
        const saved = () =>
          page.evaluate(
            () => document.querySelector('section[aria-labelledby="savings"]')?.textContent ?? '',
          );
        await sleep(500);
        await editor.picture('light');
        const before = await saved();
        const charts = await page.$$eval('#report section > svg', (charts) => charts.length);
        equal(charts, 2);
        await page.click('summary');
        equal(await page.$$eval('details[open]', (tables) => tables.length), 1);

        await canBeReadAloud(editor, page);
        await page.fill('#watts', '30');
        await page.press('#watts', 'Tab');
        await until('other savings', async () => (await saved()) !== before);
        equal(await page.$$eval('details[open]', (tables) => tables.length), 1);
        await page.selectOption('#days', '7');
        await until(
          'a week',
          async () => (await page.$$eval('details tbody tr', (rows) => rows.length)) <= 14,
        );
        say('time and assumptions can be changed');

        // The page comes back with what was assumed.
        await editor.page.click('.tab.active', { button: 'middle' });
        await editor.run('tacit: Show Statistics');
        const again = await until('the statistics', async () => {
          const frame = await frameWith(editor.page, REPORT);
          return frame !== page && frame;
        });
        equal(await again.inputValue('#watts'), '30');
        equal(await again.inputValue('#days'), '7');
        await again.selectOption('#days', '30');
        await editor.run('Preferences: Toggle between Light/Dark Themes');
        await until('the dark theme', () =>
          again.evaluate(() => document.body.classList.contains('vscode-dark')),
        );
        await sleep(500);
        await editor.picture('dark');
      },
    );
  },

  async missing(folder, vsix) {
    const settings = { 'tacit.server.path': path.join(folder, 'nothing') };
    await Editor.use(
      folder,
      vsix,
      {
        settings,
      },
      async (editor) => {
        await until('the state', async () => (await editor.statusBar()).includes('no server'));
        await until('what to do', async () => {
          const toasts = await editor.page.$$eval('.notifications-toasts', (toasts) =>
            toasts.map((toast) => toast.textContent ?? ''),
          );
          return toasts.some(
            (text) => text.includes('tacit.server.path names') && text.includes('How to Get It'),
          );
        });
        await editor.picture('missing');
      },
    );
  },

  /** What a new user is shown: the steps of the walkthrough, each with what it says. */
  async welcome(folder, vsix) {
    await Editor.use(folder, vsix, {}, async (editor) => {
      await until('tacit', () => editor.statusBar());
      await editor.press('Control+b');
      await editor.run('Welcome: Open Walkthrough...');
      await editor.choose('Get started with tacit');
      const steps = '.getting-started-step';
      await editor.page.waitForSelector(steps, { timeout: PATIENCE_MS });
      const count = await editor.page.$$eval(steps, (steps) => steps.length);
      equal(count, 5);
      for (let step = 0; step < count; step += 1) {
        await editor.page.click(`${steps} >> nth=${step}`);
        const title = await editor.page.$eval(`${steps}.expanded .step-title`, (title) => title.textContent);
        await until(`what ${title} says`, async () => {
          for (const frame of editor.page.frames()) {
            const heading = await frame
              .evaluate(() => document.querySelector('h2')?.textContent)
              .catch(() => '');
            if (heading) return true;
          }
          return false;
        });
        await sleep(700);
        await editor.picture(`step-${step + 1}`);
      }
    });
  },

  /** No check but a measurement: milliseconds from a key to the frame that shows the ghost text for it, as the page sees them. */
  async paint(folder, vsix) {
    await Editor.use(folder, vsix, {}, async (editor) => {
      await until('the model', async () => (await editor.statusBar()).includes('0.5B'));
      const [first, second] = editor.gaps;
      await editor.openBelow(first);
      await editor.type('tot');
      await editor.settledGhost(); // the prompt is warm
      await editor.page.evaluate(watchPaints, GHOST);
      for (const [line, text] of [
        [first + 1, 'al = total + balance'],
        [second + 1, '\ntotals[month] = totals[month] + entry.amount_for(account)'],
      ]) {
        await editor.goTo(line);
        await editor.page.keyboard.type(text, { delay: 300 });
      }
      const paints = await editor.page.evaluate(() => window.tacitPaints);
      for (const kind of ['typed through', 'new']) {
        const taken = paints.filter((paint) => paint.kind === kind).map((paint) => paint.ms);
        taken.sort((left, right) => left - right);
        const at = (share) => taken[Math.min(taken.length - 1, Math.floor(taken.length * share))]?.toFixed(0);
        say(`${kind}: ${taken.length} keys, half within ${at(0.5)} ms, nine of ten within ${at(0.9)} ms`);
      }
      await editor.run('tacit: Show Statistics');
      const page = await until('the statistics', () => frameWith(editor.page, REPORT));
      say(
        'the server:',
        await page.evaluate(
          () => document.querySelector('section[aria-labelledby="latency"] p')?.textContent ?? '',
        ),
      );
    });
  },

  /** No model on the machine, until the user agrees to the download. Takes half a gigabyte from the network. */
  async pull(folder, vsix) {
    const models = path.join(folder, 'models');
    fs.mkdirSync(models);
    // Nothing that other programs hold is found.
    const environment = {
      HOME: folder,
      OLLAMA_MODELS: models,
      HF_HUB_CACHE: models,
      HF_HOME: models,
    };
    await Editor.use(folder, vsix, { models, environment }, async (editor) => {
      await until('the missing model', async () => (await editor.statusBar()).includes('no model'));
      const toast = '.notifications-toasts .notification-list-item';
      await editor.page.waitForSelector(`${toast}:has-text("Download it now?")`, { timeout: PATIENCE_MS });
      await editor.picture('asked');
      equal(fs.readdirSync(models).filter((name) => name.endsWith('.gguf')).length, 0);
      await editor.page.click(`${toast} .monaco-button:has-text("Download")`);
      const downloading = async () => (await editor.statusBar()).includes('downloading');
      await until('the download', downloading);
      await editor.page.waitForSelector(`${toast}:has-text("downloading the model")`, {
        timeout: PATIENCE_MS,
      });
      await sleep(3000);
      await editor.picture('downloading');
      await editor.page.click(`${toast} .monaco-button:has-text("Cancel")`);
      await until('the end of the download', async () => (await editor.statusBar()).includes('no model'));
      say('the download is cancelled');

      await editor.page.click('.statusbar-item[id="tacit-lsp.tacit.tacit.status"]');
      await editor.choose('Download the Model');
      await until('the download', downloading);
      await until('the model', async () => (await editor.statusBar()).includes('0.5B'), 10 * 60_000);
      say('the model is here');
      const [first] = editor.gaps;
      await editor.openBelow(first);
      await editor.type('tot');
      say('ghost text:', JSON.stringify(await editor.settledGhost()));
      await editor.picture('works');
    });
  },

  async editing(folder, vsix) {
    await Editor.use(folder, vsix, {}, async (editor) => {
      await until('the model', async () => (await editor.statusBar()).includes('0.5B'));
      say('the model is ready:', await editor.statusBar());
      const [first, second] = editor.gaps;
      await editor.openBelow(first);
      await editor.type('tot');
      const ghost = await editor.settledGhost();
      await editor.picture('ghost');
      const typed = await editor.saved(first + 1);
      equal(typed.trim(), 'tot');
      say('ghost text is on the screen only:', JSON.stringify(ghost));
      await editor.settledGhost();
      await editor.press('Tab');
      await editor.savedAs(first + 1, typed + ghost.split('\n')[0]);
      await editor.picture('accepted');
      say('Tab takes it');

      const line = second + 2;
      await editor.openBelow(second + 1);
      await editor.type('totals[month] = tot');
      const whole = await editor.settledGhost((text) => text.includes(' '));
      const before = await editor.saved(line);
      await editor.settledGhost();
      await editor.press('Control+ArrowRight');
      const withWord = await until(
        'a word',
        async () => ((now) => now !== before && now)(await editor.saved(line)),
        10_000,
      );
      const word = withWord.slice(before.length);
      check(
        withWord.startsWith(before) && whole.startsWith(word) && word.length < whole.length,
        `${JSON.stringify(word)} of ${JSON.stringify(whole)}`,
      );
      say('a word is taken:', JSON.stringify(word), 'of', JSON.stringify(whole));
      const rest = (await editor.settledGhost()).split('\n')[0];
      await editor.press('Control+ArrowDown');
      await editor.savedAs(line, withWord + rest);
      say('the line is taken:', JSON.stringify(rest));

      await editor.page.click('.statusbar-item[id="tacit-lsp.tacit.tacit.status"]');
      await editor.entry('Choose Model');
      await editor.picture('menu');
      say('the menu:', JSON.stringify(await editor.entries()));
      await editor.choose('Pause...');
      await editor.choose('Everywhere');
      await until('the pause', async () => (await editor.statusBar()).includes('paused'));
      await editor.openBelow(line);
      // Not the start of the line above, which would rightly not be suggested again.
      await editor.type('average = tot');
      await sleep(2000);
      equal(await editor.ghost(), '');
      await editor.picture('paused');
      await editor.run('tacit: Resume');
      await until('the pause to end', async () => !(await editor.statusBar()).includes('paused'));
      await editor.goTo(line + 1);
      await editor.type('a');
      await editor.settledGhost();
      say('paused and resumed');

      await editor.run('tacit: Show What Was Sent to the Model');
      await until('the prompt', async () =>
        (await editor.shownText()).includes('What was sent to the model'),
      );
      await sleep(300);
      await editor.picture('prompt');
      say('the prompt is shown');
      await editor.run('tacit: Doctor: Is All Well Here?');
      await until('the doctor', async () => (await editor.shownText()).includes('would run'));
      await editor.picture('doctor');
      say('the doctor is shown');

      await editor.run('tacit: Choose Model...');
      await editor.entry('qwen2.5-coder-0.5b-instruct-q4_k_m');
      await editor.picture('models');
      await editor.press('Escape');
      say('the models are shown');

      await editor.run('tacit: Show Statistics');
      const report = await until('the statistics', () => frameWith(editor.page, REPORT));
      const accepted = await report.evaluate(
        () => document.querySelector('section[aria-labelledby="window"]')?.textContent ?? '',
      );
      check(/Accepted[1-9]/.test(accepted), `accepted suggestions are not counted: ${accepted}`);
      await editor.picture('statistics');
      say('the statistics are shown');
    });
  },
};

const USUAL = ['editing', 'actions', 'awkward', 'folders', 'notebook', 'statistics', 'welcome', 'missing'];

/** The report of the statistics page, once it is there. */
const REPORT = '#report[aria-busy="false"]';

/** All controls have names, and the keyboard reaches them in the order in which they stand. */
async function canBeReadAloud(editor, page) {
  const unnamed = await page.$$eval('select, input, button, summary, [role=region], [role=img]', (elements) =>
    elements
      .filter((element) => {
        const label = element.labels?.[0]?.textContent || element.getAttribute('aria-label');
        return !(label || element.textContent)?.trim();
      })
      .map((element) => element.outerHTML),
  );
  equal(unnamed.join('\n'), '');
  const order = await page.evaluate(() => {
    const reachable = [...document.querySelectorAll('select, input, button, summary, [tabindex="0"]')];
    window.tacitOrder = reachable.filter((element) => element.checkVisibility());
    window.tacitOrder[0].focus();
    return window.tacitOrder.length;
  });
  for (let place = 0; place < order; place += 1) {
    equal(await page.evaluate(() => window.tacitOrder.indexOf(document.activeElement)), place);
    await editor.press('Tab');
  }
  say('the page can be read aloud and used by keyboard:', order, 'places');
}

/** The page within the two frames that VS Code puts around a webview, once it has this element. */
async function frameWith(page, selector) {
  for (const frame of page.frames()) {
    const found = await frame
      .evaluate((selector) => document.querySelector(selector) !== null, selector)
      .catch(() => false);
    if (found) return frame;
  }
  return undefined;
}

const [vsix, ...wanted] = process.argv.slice(2);
if (!vsix) {
  console.error('usage: node vscode.mjs EXTENSION.vsix [CASE]...');
  process.exit(2);
}
const kept = process.env.VSCODE_KEEP;
const work = kept ? path.resolve(kept) : fs.mkdtempSync(path.join(os.tmpdir(), 'tacit-vscode-'));
let failed = 0;
for (const name of wanted.length > 0 ? wanted : USUAL) {
  const folder = path.join(work, name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  try {
    await cases[name](folder, path.resolve(vsix));
    say(`ok: ${name}`);
  } catch (error) {
    failed += 1;
    say(`FAILED: ${name}: ${error.message}`);
  }
}
if (!kept) fs.rmSync(work, { recursive: true, force: true });
process.exit(failed > 0 ? 1 : 0);
