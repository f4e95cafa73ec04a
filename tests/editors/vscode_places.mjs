// Cases of where code lies: in several folders of one window, and in the cells of a notebook.
import fs from 'node:fs';
import path from 'node:path';
import { Editor, check, equal, say, sleep, until } from './vscode_window.mjs';

const cell = (kind, ...lines) => ({
  cell_type: kind,
  metadata: {},
  source: lines.map((line, index) => line + (index < lines.length - 1 ? '\n' : '')),
  ...(kind === 'code' && { execution_count: null, outputs: [] }),
});

const NOTEBOOK = {
  cells: [
    cell('code', 'radius = 2', 'height = 5'),
    cell('markdown', '# The can'),
    cell('code', 'base_area = 3.14 * radius ** 2'),
    cell('code', '# the volume of the can', 'volume = '),
  ],
  metadata: { language_info: { name: 'python' } },
  nbformat: 4,
  nbformat_minor: 5,
};

/** The servers that this window has started. */
function servers(folder) {
  const processes = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return processes.filter((pid) => {
    try {
      const [program, command] = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return program.startsWith(path.join(folder, 'extensions')) && command === 'lsp';
    } catch {
      return false; // it has ended
    }
  }).length;
}

/** What the model was last shown in the document in front. */
async function prompt(editor) {
  await editor.run('tacit: Show What Was Sent to the Model');
  return until('the prompt', async () => {
    const shown = await editor.shownText();
    return shown.includes('What was sent') && shown.includes('<|repo_name|>') && shown;
  });
}

export const cases = {
  /** Several folders are one workspace with one server, which knows each by its name. */
  async folders(folder, vsix) {
    const tools = path.join(folder, 'tools');
    fs.mkdirSync(tools);
    fs.writeFileSync(path.join(tools, 'convert.py'), 'def to_cents(euros):\n    return ');
    await Editor.use(
      folder,
      vsix,
      {
        folders: ['project', 'tools'],
      },
      async (editor) => {
        await until('the model', async () => (await editor.statusBar()).includes('0.5B'));
        await editor.openBelow(editor.gaps[0]);
        await editor.type('tot');
        await editor.settledGhost();
        await editor.page.setViewportSize({ width: 1200, height: 1600 });
        check((await prompt(editor)).includes('<|repo_name|>project'), 'the first folder is not known');
        await editor.openFile('convert.py');
        await editor.goTo(2);
        await editor.type('e');
        await editor.settledGhost();
        check((await prompt(editor)).includes('<|repo_name|>tools'), 'the second folder is not known');
        await editor.picture('folders');
        equal(servers(folder), 1);
        say('two folders, one server');
      },
    );
  },

  /** A cell is completed below the code of the cells before it. */
  async notebook(folder, vsix) {
    await Editor.use(folder, vsix, {}, async (editor) => {
      await until('the model', async () => (await editor.statusBar()).includes('0.5B'));
      fs.writeFileSync(path.join(folder, 'project/can.ipynb'), JSON.stringify(NOTEBOOK));
      await editor.openFile('can.ipynb');
      const last = '.notebookOverlay .cell-list-container .monaco-editor';
      await until('the cells', async () => (await editor.page.$$(last)).length >= 3);
      await editor.page.locator(last).last().click();
      await editor.press('Control+End');
      await editor.type('b');
      const ghost = await editor.settledGhost();
      await editor.picture('cell');
      say('ghost text in a cell:', JSON.stringify(ghost));
      await editor.press('Tab');
      await sleep(300);
      await editor.page.setViewportSize({ width: 1200, height: 1600 });
      const shown = await prompt(editor);
      await editor.picture('prompt');
      for (const line of ['radius = 2', 'base_area = 3.14 * radius ** 2'])
        check(shown.includes(line), `the model was not shown ${line}:\n${shown}`);
      say('the model sees the cells before');
    });
  },
};
