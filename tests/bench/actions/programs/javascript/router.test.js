'use strict';
const test = require('node:test');
const assert = require('node:assert');
const { Router, compile, parseQuery } = require('./router.js');

const router = new Router()
  .add('get', '/users/:id', ({ id }) => `user ${id}`)
  .add('get', '/users/:id/posts/:post', ({ id, post }, { sort }) => `post ${post} of ${id} by ${sort}`)
  .add('get', '/files/*rest', ({ rest }) => `file ${rest}`)
  .add('post', '/a.b', () => 'made');

test('one parameter', () => assert.strictEqual(router.dispatch('GET', '/users/7'), 'user 7'));
test('a slash at the end', () => assert.strictEqual(router.dispatch('GET', '/users/7/'), 'user 7'));
test('decodes', () => assert.strictEqual(router.dispatch('GET', '/users/a%20b'), 'user a b'));
test('query', () => assert.strictEqual(router.dispatch('GET', '/users/1/posts/2?sort=date'), 'post 2 of 1 by date'));
test('rest', () => assert.strictEqual(router.dispatch('GET', '/files/a/b.txt'), 'file a/b.txt'));
test('method', () => assert.strictEqual(router.dispatch('POST', '/a.b'), 'made'));
test('nothing fits', () => {
  assert.strictEqual(router.dispatch('POST', '/axb'), null);
  assert.strictEqual(router.dispatch('GET', '/a.b'), null);
});
test('compile', () => assert.deepStrictEqual(compile('/x/:y/*z').names, ['y', 'z']));
test('parseQuery', () => {
  assert.deepStrictEqual(parseQuery('a=1&b=2&a=3&c'), { a: ['1', '3'], b: '2', c: '' });
  assert.deepStrictEqual(parseQuery(undefined), {});
});
