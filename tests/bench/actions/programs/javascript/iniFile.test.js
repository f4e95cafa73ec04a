'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { parse, format, read, typed, configPath, IniError } = require('./iniFile.js');

test('typed', () => assert.deepStrictEqual(['1', '-2.5', 'true', 'false', '"1"', 'x y'].map(typed), [1, -2.5, true, false, '1', 'x y']));
test('parse', () => {
  const text = 'a = 1\r\n; note\r\n\r\n[ server ]\r\nhost = "h=1"\r\n# more\r\n[b]\r\nx=true\r\n[server]\r\nport = 80';
  assert.deepStrictEqual(parse(text), { '': { a: 1 }, server: { host: 'h=1', port: 80 }, b: { x: true } });
});
test('open section', () => assert.throws(() => parse('a=1\n[x'), (error) => error instanceof IniError && error.line === 2));
test('no key', () => assert.throws(() => parse('=1'), /line 1: a key and a value/));
test('format', () => assert.strictEqual(format({ '': { a: 1 }, b: { c: 'd', e: false }, f: {} }), 'a = 1\n\n[b]\nc = d\ne = false\n\n[f]\n'));
test('format and parse', () => assert.deepStrictEqual(parse(format({ '': {}, x: { y: 2 } })), { '': {}, x: { y: 2 } }));
test('read what is not there', () => assert.deepStrictEqual(read('/nowhere/at/all.ini'), { '': {} }));
test('configPath', () => assert.ok(configPath('demo').endsWith('.config/demo/config.ini')));
