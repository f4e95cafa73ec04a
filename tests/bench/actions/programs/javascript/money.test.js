'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { Money, sum } = require('./money.js');

test('parse', () => {
  assert.strictEqual(Money.parse('12.50 EUR').cents, 1250);
  assert.strictEqual(Money.parse(' -3 USD ').cents, -300);
});
test('parse refuses other text', () => assert.throws(() => Money.parse('12,5 EUR'), SyntaxError));
test('cents are whole', () => assert.throws(() => new Money(1.5, 'EUR'), TypeError));
test('plus', () => assert.strictEqual(new Money(150, 'EUR').plus(new Money(75, 'EUR')).cents, 225));
test('plus another currency', () => assert.throws(() => new Money(1, 'EUR').plus(new Money(1, 'USD')), RangeError));
test('split loses nothing', () => {
  assert.deepStrictEqual(new Money(100, 'EUR').split([1, 1, 1]).map((part) => part.cents), [34, 33, 33]);
});
test('toString', () => {
  assert.strictEqual(String(new Money(-1205, 'EUR')), '-€12.05');
  assert.strictEqual(String(new Money(99, 'CHF')), 'CHF 0.99');
});
test('sum', () => assert.strictEqual(sum([new Money(5, 'EUR'), new Money(7, 'EUR')], 'EUR').cents, 12));
