import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverKeys, setByUser, tables } from '../src/settings';

test('the server is told its own settings, and what is not set as null', () => {
  const keys = serverKeys([
    'tacit.model',
    'tacit.server.path',
    'tacit.trace.server',
    'tacit.completion.maxLines',
  ]);
  assert.deepEqual(keys, ['model', 'completion.maxLines']);
  const set = new Map<string, unknown>([['completion.maxLines', 4]]);
  assert.deepEqual(
    tables(keys, (key) => set.get(key)),
    { model: null, completion: { maxLines: 4 } },
  );
});

test('the menu is off unless the user wants it', () => {
  assert.deepEqual(
    tables(['completion.menu'], () => undefined),
    { completion: { menu: false } },
  );
  assert.deepEqual(
    tables(['completion.menu'], () => true),
    { completion: { menu: true } },
  );
});

test('the folder goes before the workspace, and that before the user', () => {
  assert.equal(setByUser(undefined), undefined);
  assert.equal(setByUser({ globalValue: 1 }), 1);
  assert.equal(setByUser({ globalValue: 1, workspaceValue: false }), false);
  assert.equal(setByUser({ workspaceFolderValue: 0, workspaceValue: 2 }), 0);
});
