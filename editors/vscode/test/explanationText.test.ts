import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explanationText } from '../src/explanationText';
import { fenced, table } from '../src/markdown';
import type { Explanation } from '../src/protocol';

const explanation: Explanation = {
  version: 3,
  shown: true,
  reason: 'One line while typing.',
  text: 'return x',
  metrics: {
    prompt_tokens_evaluated: 4,
    prompt_tokens_reused: 900,
    tokens_generated: 5,
    draft_tokens_accepted: 2,
    first_line_ms: 41.6,
    total_ms: 50,
    from_cache: false,
    model: 'm',
  },
  context: [{ path: 'a|b.py', start_line: 1, end_line: 9, tokens: 70, reason: 'imported\nhere' }],
  prompt: '<|fim_prefix|>```\nx<|fim_middle|>',
};

test('the inspector shows outcome, cost, context and the exact prompt', () => {
  const text = explanationText('a.py', 'python', explanation);
  for (const expected of [
    '# What was sent to the model for a.py',
    '**A suggestion was shown**: One line while typing.',
    '```python\nreturn x\n```',
    '| milliseconds to the first line  |     42 |',
    '| a\\|b.py | 1-9   |     70 | imported here |',
    '````\n<|fim_prefix|>```\nx<|fim_middle|>\n````',
  ]) {
    assert.ok(text.includes(expected), `${expected} in\n${text}`);
  }
});

test('where the model was not asked it says so', () => {
  const silent = {
    ...explanation,
    shown: false,
    reason: 'A secret file.',
    text: '',
    context: [],
    prompt: '',
  };
  const text = explanationText('.env', 'plaintext', silent);
  assert.match(text, /\*\*Nothing was shown\*\*: A secret file\./);
  assert.match(text, /There is none: the model was not asked\./);
});

test('tables line up, and fences hold', () => {
  assert.equal(table(['a', 'number'], [['xyz', 1]]), '| a   | number |\n| --- | -----: |\n| xyz |      1 |');
  assert.equal(fenced('a\n'), '```\na\n```');
  assert.equal(fenced('`````', 'c'), '``````c\n`````\n``````');
});
