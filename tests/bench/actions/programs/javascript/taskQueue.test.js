'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { TaskQueue, retry, mapLimited, memoize } = require('./taskQueue.js');

const tick = () => new Promise((resolve) => setImmediate(resolve));

test('limit', { timeout: 2000 }, async () => {
  const queue = new TaskQueue(2);
  let active = 0;
  let most = 0;
  const task = async () => {
    active += 1;
    most = Math.max(most, active);
    await tick();
    active -= 1;
  };
  await Promise.all([1, 2, 3, 4, 5].map(() => queue.add(task)));
  assert.strictEqual(most, 2);
});
test('add settles as the task does', { timeout: 2000 }, async () => {
  const queue = new TaskQueue(1);
  assert.strictEqual(await queue.add(async () => 'done'), 'done');
  await assert.rejects(queue.add(async () => { throw new Error('no'); }), /no/);
});
test('retry succeeds in the end', { timeout: 2000 }, async () => {
  const result = await retry(async (attempt) => {
    if (attempt < 3) throw new Error('too early');
    return attempt;
  }, 3);
  assert.strictEqual(result, 3);
});
test('retry gives up', { timeout: 2000 }, () => assert.rejects(retry(async (attempt) => { throw new Error(`try ${attempt}`); }, 2), /try 2/));
test('mapLimited keeps the order', { timeout: 2000 }, async () => {
  const results = await mapLimited([3, 1, 2], 2, async (item) => {
    for (let i = 0; i < item; i++) await tick();
    return item * 10;
  });
  assert.deepStrictEqual(results, [30, 10, 20]);
});
test('memoize', { timeout: 2000 }, async () => {
  let loads = 0;
  const load = memoize(async (key) => {
    loads += 1;
    return key.toUpperCase();
  });
  assert.deepStrictEqual([await load('a'), await load('a'), await load('b')], ['A', 'A', 'B']);
  assert.strictEqual(loads, 2);
});
