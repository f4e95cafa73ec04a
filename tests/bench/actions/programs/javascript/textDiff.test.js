'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { commonLengths, diffLines, format, similarity, applyChanges } = require('./textDiff.js');

const before = ['a', 'b', 'c', 'd'];
const after = ['a', 'c', 'x', 'd'];

test('commonLengths', () => assert.strictEqual(commonLengths(before, after)[4][4], 3));
test('diffLines', () => assert.strictEqual(format(diffLines(before, after)), ' a\n-b\n c\n+x\n d'));
test('all new', () => assert.strictEqual(format(diffLines([], ['p', 'q'])), '+p\n+q'));
test('all gone', () => assert.strictEqual(format(diffLines(['p', 'q'], [])), '-p\n-q'));
test('replaced', () => assert.strictEqual(format(diffLines(['p'], ['q'])), '-p\n+q'));
test('similarity', () => {
  assert.strictEqual(similarity('a\nb', 'a\nb'), 1);
  assert.strictEqual(similarity(before.join('\n'), after.join('\n')), 0.75);
});
test('apply', () => assert.deepStrictEqual(applyChanges(before, diffLines(before, after)), after));
test('apply to another text', () => assert.throws(() => applyChanges(['z'], diffLines(before, after)), /line 1 is not "a"/));
