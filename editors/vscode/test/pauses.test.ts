import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inWords, kept, pauseAt, resumedAt, withPause, type Pause } from '../src/pauses';

const place = { uri: 'file:///a.py', language: 'python' };
const everywhere: Pause = { kind: 'everywhere' };
const python: Pause = { kind: 'language', language: 'python' };
const file: Pause = { kind: 'file', uri: 'file:///a.py' };

test('a pause holds where it was meant to, and the widest is told', () => {
  assert.equal(pauseAt([], place), undefined);
  assert.equal(pauseAt([file, python], place), python);
  assert.equal(pauseAt([file, everywhere], undefined), everywhere);
  assert.equal(pauseAt([file, python], { uri: 'file:///b.rs', language: 'rust' }), undefined);
  assert.equal(pauseAt([python], undefined), undefined);
  assert.equal(inWords(python), 'Paused in python');
});

test('to resume ends all that keeps completions from the place, and nothing else', () => {
  const rust: Pause = { kind: 'language', language: 'rust' };
  assert.deepEqual(resumedAt([file, rust, everywhere, python], place), [rust]);
  assert.deepEqual(withPause([python], { kind: 'language', language: 'python' }), [python]);
});

test('what was kept is read again, and nonsense is not', () => {
  assert.deepEqual(kept([everywhere, python, file]), [everywhere, python, file]);
  assert.deepEqual(kept([null, 3, { kind: 'language' }, { kind: 'file', uri: 1 }, { kind: 'x' }]), []);
  assert.deepEqual(kept({ kind: 'everywhere' }), []);
});
