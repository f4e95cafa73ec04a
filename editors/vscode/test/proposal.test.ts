import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorkspaceEdit } from 'vscode-languageclient';
import { proposal } from '../src/actions/proposal';

const range = { start: { line: 1, character: 0 }, end: { line: 2, character: 0 } };
const edits = [{ range, newText: 'pass\n', annotationId: 'tacit' }];
const uri = 'file:///shop.py';

test('the edits of one file are a proposal, whether it is there or new', () => {
  const change = { textDocument: { uri, version: 7 }, edits };
  assert.deepEqual(proposal({ documentChanges: [change] }), { uri, version: 7, isNew: false, edits });
  const created = { textDocument: { uri, version: null }, edits };
  assert.deepEqual(proposal({ documentChanges: [{ kind: 'create', uri }, created] }), {
    uri,
    version: null,
    isNew: true,
    edits,
  });
});

test('no other edit is', () => {
  const change = { textDocument: { uri, version: 7 }, edits };
  const other = 'file:///other.py';
  const refused: WorkspaceEdit[] = [
    {},
    { documentChanges: [] },
    { changes: { [uri]: edits } },
    { documentChanges: [{ kind: 'create', uri }] },
    { documentChanges: [change, change] },
    { documentChanges: [{ kind: 'create', uri: other }, change] },
    { documentChanges: [{ kind: 'delete', uri: other }, change] },
    { documentChanges: [{ ...change, edits: [{ range, snippet: { kind: 'snippet', value: '$0' } }] }] },
  ];
  for (const edit of refused) assert.equal(proposal(edit), undefined, JSON.stringify(edit));
});
