'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { parse, compare, satisfies, newest } = require('./semver.js');

test('parse', () => {
  assert.deepStrictEqual(parse('v1.20.3-rc.1'), { numbers: [1, 20, 3], prerelease: ['rc', '1'] });
  assert.deepStrictEqual(parse('1.0.0').prerelease, []);
  assert.strictEqual(parse('1.0'), null);
});
test('compare sorts', () => {
  const versions = ['1.0.0', '1.0.0-rc.1', '0.9.10', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-beta.11', '1.0.0-beta.2', '0.9.9'];
  assert.deepStrictEqual(versions.sort(compare), ['0.9.9', '0.9.10', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0']);
});
test('equal', () => assert.strictEqual(compare('1.2.3-a', '1.2.3-a'), 0));
test('numbers come before words', () => assert.ok(compare('1.0.0-1', '1.0.0-a') < 0));
test('caret', () => assert.deepStrictEqual(['1.2.3', '1.9.0', '2.0.0', '1.2.2'].map((v) => satisfies(v, '^1.2.3')), [true, true, false, false]));
test('tilde', () => assert.deepStrictEqual(['1.2.9', '1.3.0'].map((v) => satisfies(v, '~1.2.3')), [true, false]));
test('bounds', () => assert.deepStrictEqual(['>=1.0.0', '<1.0.0', '1.0.0'].map((r) => satisfies('1.0.0', r)), [true, false, true]));
test('newest', () => {
  assert.strictEqual(newest(['1.9.0', '1.10.0', '2.0.0'], '^1.0.0'), '1.10.0');
  assert.strictEqual(newest(['1.0.0'], '^2.0.0'), null);
});
