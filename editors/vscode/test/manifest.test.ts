import assert from 'node:assert/strict';
import { test } from 'node:test';
import manifest from '../package.json';

/** What a folder's own settings may say: how tacit completes in it. */
const OF_A_FOLDER = 'tacit.completion.';

const properties: [string, { scope?: string }][] = manifest.contributes.configuration.flatMap((group) =>
  Object.entries(group.properties),
);

test('a folder sets nothing but completions', () => {
  const ofMachine = properties.filter(([name]) => !name.startsWith(OF_A_FOLDER));
  assert.ok(ofMachine.length > 10);
  for (const [name, { scope }] of ofMachine) assert.equal(scope, 'machine', name);
});

test('what is not trusted starts no program, chooses no model and writes no text of files', () => {
  const restricted = manifest.capabilities.untrustedWorkspaces.restrictedConfigurations;
  for (const name of [
    'tacit.server.path',
    'tacit.model',
    'tacit.modelsDir',
    'tacit.actions.model',
    'tacit.trace.server',
  ])
    assert.ok(restricted.includes(name), name);
  for (const name of restricted)
    assert.ok(
      properties.some(([known]) => known === name),
      name,
    );
});
