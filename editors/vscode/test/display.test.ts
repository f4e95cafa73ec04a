import assert from 'node:assert/strict';
import { test } from 'node:test';
import { message } from '../src/display';

/** What VS Code makes a link of in a notification (linkedText.ts). */
const LINK = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;

test('a notification has no links, whatever it quotes', () => {
  for (const text of [
    '[Update](command:workbench.action.terminal.sendSequence?%7B%7D) could not be changed.',
    '[a](https://evil.example "title")',
    '[a](file:///etc/passwd)',
    '[a]\u200b(command:x)',
    '[a]\u202e(COMMAND:x)',
    '[a]\u0007(command:x)',
    `${'x'.repeat(480)}[a](command:x)`,
  ]) {
    assert.doesNotMatch(message(text), LINK, text);
  }
  assert.equal(message('tacit: shop.py could not be changed.'), 'tacit: shop.py could not be changed.');
});

test('a notification is one line of signs that one sees', () => {
  assert.equal(message('one\ntwo\r\n  three\u2028four'), 'one two three four');
  assert.equal(message('\u001b[31mred\u009b \u202eleft\u2066 \ufeffmark\u{e0041}'), '[31mred left mark');
  assert.equal(message('größe 漢 🦀'), 'größe 漢 🦀');
  assert.equal(message('🦀'.repeat(501)), `${'🦀'.repeat(499)}…`);
});
