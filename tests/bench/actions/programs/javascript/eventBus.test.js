'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { EventBus, matches } = require('./eventBus.js');

test('on and emit', () => {
  const bus = new EventBus();
  const heard = [];
  bus.on('orders.made', (payload) => heard.push(payload));
  bus.on('orders.*', (payload, topic) => heard.push(topic));
  assert.strictEqual(bus.emit('orders.made', 7), 2);
  assert.deepStrictEqual(heard, [7, 'orders.made']);
});
test('stop', () => {
  const bus = new EventBus();
  const stop = bus.on('x', () => {});
  assert.strictEqual(stop(), true);
  assert.strictEqual(stop(), false);
  assert.strictEqual(bus.emit('x'), 0);
  assert.strictEqual(bus.listeners.size, 0);
});
test('once', () => {
  const bus = new EventBus();
  let sum = 0;
  bus.once('x', (n) => { sum += n; });
  bus.on('x', () => {});
  bus.emit('x', 3);
  bus.emit('x', 4);
  assert.strictEqual(sum, 3);
});
test('off of another listener', () => {
  const bus = new EventBus();
  bus.on('x', () => {});
  assert.strictEqual(bus.off('x', () => {}), false);
  assert.strictEqual(bus.emit('x'), 1);
});
test('errors', () => {
  const bus = new EventBus();
  let heard = false;
  bus.on('x', () => { throw new Error('one'); });
  bus.on('x', () => { heard = true; });
  assert.throws(() => bus.emit('x'), /1 listeners failed/);
  assert.ok(heard);
});
test('last', () => {
  const bus = new EventBus();
  bus.emit('x', 1);
  bus.emit('x', 2);
  assert.strictEqual(bus.last('x'), 2);
  assert.strictEqual(bus.last('y', 'none'), 'none');
});
test('matches', () => {
  assert.deepStrictEqual([['a.*', 'a.b'], ['a.*', 'ab'], ['*', 'q'], ['a', 'a.b']].map(([p, t]) => matches(p, t)), [true, false, true, false]);
});
