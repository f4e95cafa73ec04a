import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reasks } from '../src/reasks';

const text = { uri: 'file:///a.py', version: 3 };

test('the request that was expected is ours, once', () => {
  const reasks = new Reasks();
  assert.equal(reasks.take(text), false);
  assert.equal(reasks.expect(text, 'longer'), true);
  assert.equal(reasks.take({ ...text }), true);
  assert.equal(reasks.take(text), false);
});

test('a request for another text ends the waiting', () => {
  const reasks = new Reasks();
  reasks.expect(text, 'longer');
  assert.equal(reasks.take({ ...text, version: 4 }), false);
  assert.equal(reasks.take(text), false);
});

test('a text is asked for again once for each reason', () => {
  const reasks = new Reasks();
  assert.equal(reasks.expect(text, 'late'), true);
  assert.equal(reasks.expect(text, 'longer'), true);
  assert.equal(reasks.expect(text, 'late'), false);
  assert.equal(reasks.expect(text, 'longer'), false);
  assert.equal(reasks.expect({ ...text, version: 4 }, 'longer'), true);
});
