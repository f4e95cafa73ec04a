// Cases of code actions: chosen from the menu at the cursor, seen as a difference, accepted or discarded. A small model writes what it
// likes, or nothing that passes: so cases ask for what it can do, ask again elsewhere if it is refused, and judge what becomes of its text,
// never the text.
import fs from 'node:fs';
import path from 'node:path';
import { Editor, check, equal, say, sleep, until } from './vscode_window.mjs';

const FILE = 'ledger/prices.py';
const TEXT = `def total(prices):
    result = 0
    for price in prices:
        result = result + price
    return result


def cheapest(prices):
    """The lowest of the prices."""
    raise NotImplementedError


def average(prices):
    return sum(prices) / len(prices)


def is_free(price):
    return price == 0
`;
/** What a line of the file is, counted from 1. */
const line = (text) => TEXT.split('\n').findIndex((line) => line.startsWith(text)) + 1;
const HEADS = ['def total', 'def average', 'def is_free'];
const OPTIONS = { file: FILE, text: TEXT };

/** Does something that the model may refuse at each of the places in turn, until there is a difference to look at. */
async function proposed(editor, places, ask) {
  for (const place of places) {
    await ask(place);
    const shown = await until('a difference or a refusal', async () => {
      if (await editor.hasDifference()) return 'difference';
      return (await editor.warnings()).join('|');
    });
    if (shown === 'difference') {
      await editor.page.waitForSelector('.monaco-diff-editor .view-line', {
        state: 'attached',
      });
      return place;
    }
    say('refused:', JSON.stringify(shown));
    await editor.clearToasts();
  }
  throw new Error('the model was refused everywhere');
}

/** The cursor is in a function, and the menu has this entry. */
async function choose(editor, head, entry) {
  await editor.goTo(line(head) + 1);
  await editor.act(entry);
}

/** The text of one side of the difference in front, as far as it is on the screen, without the lines that the other side has more. */
async function side(editor, which) {
  const lines = await editor.page.$$eval(
    `.editor-group-container.active .monaco-diff-editor .editor.${which} .lines-content > .view-lines > .view-line`,
    (lines) => lines.map((line) => [Number.parseFloat(line.style.top), line.textContent ?? '']),
  );
  lines.sort(([left], [right]) => left - right);
  return lines.map(([, text]) => text.replaceAll('\u00a0', ' ').trimEnd()).join('\n');
}

/** The differences are on the screen: the sides are not the same. */
async function sidesOf(editor) {
  return until('two sides', async () => {
    const sides = [await side(editor, 'original'), await side(editor, 'modified')];
    return sides[0] !== '' && sides[1] !== '' && sides[0] !== sides[1] && sides;
  });
}

const closed = (editor) => until('the difference to close', async () => !(await editor.hasDifference()));

const isUnchanged = (editor) => editor.savedText('nothing new', (text) => text === TEXT);

/** Takes all back, however many steps that are. */
async function undone(editor) {
  await editor.page.click('.editor-group-container.active .view-lines');
  for (let undo = 0; undo < 30; undo += 1) await editor.press('Control+z');
  await isUnchanged(editor);
}

function hasAll(text, lines) {
  for (const wanted of lines)
    check(text.split('\n').includes(wanted), `${JSON.stringify(wanted)} is not in ${text}`);
}

export const cases = {
  /** Discard, accept, an edit by instruction, an explanation, tests in a new file. */
  async actions(folder, vsix) {
    await Editor.use(folder, vsix, OPTIONS, async (editor) => {
      await until('the model', async () => (await editor.statusBar()).includes('0.5B'));
      const head = await proposed(editor, HEADS, (head) => choose(editor, head, 'Document `'));
      const [, right] = await sidesOf(editor);
      await editor.picture('difference');
      await editor.press('Escape');
      await editor.inTab('prices.py');
      await closed(editor);
      await isUnchanged(editor);
      say('what is discarded leaves the file as it is');

      await choose(editor, head, 'Document `');
      await editor.inTab(': Document');
      equal((await sidesOf(editor))[1], right);
      await editor.page.click('.editor-actions .action-label[aria-label^="Accept Change"]');
      await closed(editor);
      const documented = await editor.savedText('documentation', (text) => text !== TEXT);
      hasAll(documented, TEXT.split('\n'));
      hasAll(documented, right.split('\n'));
      say('what is accepted is in the file');
      await editor.press('Control+z');
      await isUnchanged(editor);
      say('one undo takes it back');

      await byInstruction(editor);
      await editor.press('Control+z');
      await isUnchanged(editor);
      await explained(editor);
      await tested(editor);
    });
  },

  /** What comes in between: typing, cancelling, a restart, documents that are no files or can't be changed. */
  async awkward(folder, vsix) {
    const settings = {
      'files.readonlyInclude': { '**/money.py': true },
      'editor.autoIndent': 'none',
    };
    await Editor.use(folder, vsix, { ...OPTIONS, settings }, async (editor) => {
      await until('the model', async () => (await editor.statusBar()).includes('0.5B'));
      await typedMeanwhile(editor);
      await cancelled(editor);
      await restarted(editor);
      await untitled(editor);
      await readOnly(editor);
    });
  },
};

/** Selects a function, says what is to change, accepts. */
async function byInstruction(editor) {
  const instructions = ['rename result to amount', 'return sum(prices)', 'add a comment above the loop'];
  await proposed(editor, instructions, async (instruction) => {
    await editor.goTo(line('def total'));
    await editor.press('Home');
    for (let lines = 0; lines < 5; lines += 1) await editor.press('Shift+ArrowDown');
    await editor.press('Control+k');
    await editor.press('Control+g');
    await editor.titledInput('as told');
    await editor.page.keyboard.type(instruction);
    await sleep(200);
    await editor.picture('instruction');
    await editor.press('Enter');
  });
  const [, right] = await sidesOf(editor);
  await editor.picture('edited');
  await editor.press('Control+Enter');
  await closed(editor);
  const edited = await editor.savedText('the edit', (text) => text !== TEXT);
  hasAll(edited, right.split('\n'));
  hasAll(edited, TEXT.split('\n').slice(line('def cheapest') - 1));
  say('an instruction is followed, within the selection');
}

async function explained(editor) {
  await choose(editor, 'def total', 'Explain `total`');
  const page = await until('the explanation', async () => {
    for (const frame of editor.page.frames()) {
      const text = await frame.evaluate(() => document.querySelector('main')?.textContent).catch(() => '');
      if (text?.includes('Explain total')) return frame;
    }
    return undefined;
  });
  const [words, fetched] = await page.evaluate(() => [
    document.querySelector('main').textContent,
    document.querySelectorAll('img, script, a, iframe').length,
  ]);
  check(words.length > 100, `nothing is explained: ${words}`);
  equal(fetched, 0);
  await editor.inTab('prices.py');
  await sleep(500);
  await editor.picture('explained');
  await editor.press('Control+s');
  say('an explanation stands beside the code');
}

/** Tests go where the project has its own, into a file that is not there before they are accepted. */
async function tested(editor) {
  const file = path.join(path.dirname(editor.file), '../tests/test_prices.py');
  const head = await proposed(editor, HEADS, (head) => choose(editor, head, 'Write tests for `'));
  const right = await until('tests', () => side(editor, 'modified'));
  await editor.picture('tests');
  equal(await side(editor, 'original'), '');
  check(!fs.existsSync(file), 'the file is there already');
  await editor.press('Control+Enter');
  await closed(editor);
  await editor.inTab('test_prices.py');
  await editor.press('Control+s');
  const text = await until('the new file', () => fs.existsSync(file) && fs.readFileSync(file, 'utf8'));
  hasAll(text, right.split('\n'));
  const name = head.slice('def '.length);
  check(text.startsWith(`from ledger.prices import ${name}\n`), text);
  await isUnchanged(editor);
  say('tests are in a file of their own');
}

/** A change follows what is typed elsewhere, and goes when its own code is edited. */
async function typedMeanwhile(editor) {
  const head = await proposed(editor, HEADS.slice(1), (head) => choose(editor, head, 'Document `'));
  await sidesOf(editor);
  await editor.page.click('.tab[data-resource-name="prices.py"]:not(.active)');
  await editor.goTo(1);
  await editor.press('Home');
  await editor.type('# Prices in cents.\n');
  await editor.press('Escape');
  await editor.page.click('.tab:has-text(": Document")');
  await editor.inTab(': Document');
  await until('the new line', async () => (await side(editor, 'modified')).startsWith('# Prices in cents.'));
  await editor.picture('followed');
  await editor.press('Control+Enter');
  await closed(editor);
  const text = await editor.savedText('documentation', (text) => text.length > TEXT.length + 25);
  check(text.startsWith('# Prices in cents.\ndef total'), text);
  hasAll(text, TEXT.split('\n'));
  const [above, below] = [
    text.split('\n').indexOf(TEXT.split('\n')[line(head) - 1]),
    TEXT.split('\n')[line(head)],
  ];
  check(text.split('\n')[above + 1] !== below, `the documentation is not where it belongs:\n${text}`);
  say('a change follows what is typed above it');
  await undone(editor);

  await proposed(editor, ['rename result to amount', 'return sum(prices)'], async (instruction) => {
    await editor.goTo(line('def total') + 1);
    await editor.run('tacit: Edit as Told...');
    await editor.titledInput('as told');
    await editor.page.keyboard.type(instruction);
    await editor.press('Enter');
  });
  await sidesOf(editor);
  await editor.page.click('.tab[data-resource-name="prices.py"]:not(.active)');
  await editor.goTo(line('def total') + 3);
  await editor.type('  # mine');
  await editor.toast('so the change was dropped');
  equal(await editor.page.$$eval('.tab', (tabs) => tabs.length), 1);
  await editor.picture('dropped');
  await editor.clearToasts();
  await undone(editor);
  say('a change of code that was edited meanwhile is dropped');
}

async function cancelled(editor) {
  await choose(editor, 'def total', 'Explain `total`');
  await editor.toast('tacit: Explain `total`');
  await until('a line that is being written', async () =>
    (await editor.toasts()).some((toast) => /\d+ tokens: /.test(toast)),
  );
  await editor.picture('progress');
  await editor.page.click('.notifications-toasts .monaco-button:has-text("Cancel")');
  await until('the progress to end', async () => (await editor.toasts()).length === 0);
  await sleep(1500);
  equal((await editor.toasts()).length, 0);
  await isUnchanged(editor);
  say('an action can be cancelled');
}

async function restarted(editor) {
  await choose(editor, 'def total', 'Explain `total`');
  await editor.toast('tacit: Explain `total`');
  await editor.run('tacit: Restart');
  await editor.toast('The server has ended meanwhile');
  await editor.picture('restarted');
  await editor.clearToasts();
  await until('the model', async () => (await editor.statusBar()).includes('0.5B'));
  say('a restart ends an action with a sentence');
}

async function untitled(editor) {
  await editor.run('File: New Untitled Text File');
  await editor.inTab('Untitled-1');
  await editor.run('Change Language Mode');
  await editor.input();
  await editor.page.keyboard.type('Python');
  await editor.choose('Python');
  await editor.page.keyboard.insertText(TEXT);
  await proposed(editor, HEADS, (head) => choose(editor, head, 'Document `'));
  const [, right] = await sidesOf(editor);
  await editor.picture('untitled');
  await editor.press('Control+Enter');
  await closed(editor);
  await until('the documentation', async () => (await editor.shownText()).includes(right.split('\n')[1]));
  say('a document without a file can be changed');
}

/** VS Code would let an extension change such a document, and then not save it. */
async function readOnly(editor) {
  const file = path.join(path.dirname(editor.file), 'money.py');
  const before = fs.readFileSync(file, 'utf8');
  await editor.openFile('money.py');
  await editor.goTo(before.split('\n').findIndex((line) => line.includes('def __neg__')) + 2);
  await editor.run('tacit: Edit as Told...');
  await editor.toast('The file is read-only');
  await editor.picture('read-only');
  equal(await editor.hasDifference(), false);
  equal(fs.readFileSync(file, 'utf8'), before);
  say('a read-only document stays as it is');
}
