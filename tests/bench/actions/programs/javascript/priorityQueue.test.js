'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { PriorityQueue, Scheduler } = require('./priorityQueue.js');

const drained = (numbers) => {
  const queue = new PriorityQueue((a, b) => a - b);
  numbers.forEach((number) => queue.push(number));
  const result = [];
  while (queue.size > 0 && result.length < 50) result.push(queue.pop());
  return result;
};

test('sorts', () => assert.deepStrictEqual(drained([5, 3, 9, 1, 7, 2, 8, 3]), [1, 2, 3, 3, 5, 7, 8, 9]));
test('one', () => assert.deepStrictEqual(drained([4]), [4]));
test('peek', () => {
  const queue = new PriorityQueue((a, b) => b - a);
  queue.push(1);
  queue.push(6);
  assert.strictEqual(queue.peek(), 6);
  assert.strictEqual(queue.size, 2);
});
test('scheduler', () => {
  const scheduler = new Scheduler();
  const log = [];
  scheduler.after(5, () => log.push('five'));
  scheduler.after(2, (s) => {
    log.push('two');
    s.after(1, () => log.push('three'));
  });
  scheduler.after(5, () => log.push('five again'));
  scheduler.after(9, () => log.push('nine'));
  assert.strictEqual(scheduler.runUntil(5), 4);
  assert.deepStrictEqual(log, ['two', 'three', 'five', 'five again']);
  assert.strictEqual(scheduler.now, 5);
});
