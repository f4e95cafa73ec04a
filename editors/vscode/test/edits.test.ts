import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applied, rebased, type OffsetEdit } from '../src/actions/edits';

const insert = (start: number, text: string): OffsetEdit => ({ start, end: start, text });
const typed = (rangeOffset: number, text: string) => ({ rangeOffset, rangeLength: 0, text });
const deleted = (rangeOffset: number, rangeLength: number) => ({ rangeOffset, rangeLength, text: '' });

test('edits are made wherever they stand in the list', () => {
  const edits = [{ start: 4, end: 7, text: 'two' }, insert(0, '> '), insert(8, '!')];
  assert.equal(applied('one 123 x', edits), '> one two !x');
  assert.equal(applied('', [insert(0, 'new')]), 'new');
  assert.equal(applied('as it was', []), 'as it was');
});

test('edits follow what is typed before them, and do not care for what is typed behind', () => {
  const text = 'alpha beta gamma';
  const edits = [{ start: 6, end: 10, text: 'BETA' }];
  assert.deepEqual(rebased(edits, [typed(0, 'the ')]), [{ start: 10, end: 14, text: 'BETA' }]);
  assert.equal(applied('the ' + text, rebased(edits, [typed(0, 'the ')]) ?? []), 'the alpha BETA gamma');
  assert.deepEqual(rebased(edits, [typed(10, '!')]), edits);
  assert.deepEqual(rebased(edits, [deleted(11, 5)]), edits);
  assert.deepEqual(rebased(edits, [typed(6, '_')]), [{ start: 7, end: 11, text: 'BETA' }]);
  // Of one keystroke with two cursors, the later place comes first.
  assert.deepEqual(rebased(edits, [typed(16, '?'), deleted(0, 6)]), [{ start: 0, end: 4, text: 'BETA' }]);
});

test('edits of code that is another one now are dropped', () => {
  const edits = [{ start: 6, end: 10, text: 'BETA' }, insert(20, ';')];
  assert.equal(rebased(edits, [typed(8, 'x')]), undefined);
  assert.equal(rebased(edits, [deleted(4, 3)]), undefined);
  assert.equal(rebased(edits, [deleted(0, 40)]), undefined);
  assert.equal(rebased(edits, [typed(15, 'between them')]), undefined);
  assert.equal(rebased(edits, [typed(0, 'a'), typed(9, 'x')]), undefined);
});
