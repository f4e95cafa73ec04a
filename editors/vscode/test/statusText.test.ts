import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineState, SessionStats } from '../src/protocol';
import { sizeOf, speedBetween, statusText, type Situation } from '../src/statusText';

function situation(state: EngineState, change: Partial<Situation> = {}): Situation {
  const status = { state, model: 'qwen2.5-coder-0.5b-instruct-q4_k_m', detail: 'words' };
  return { server: 'running', status, pause: undefined, tokensPerSecond: undefined, ...change };
}

test('the bar says state, model and speed', () => {
  const texts: [Situation, string, string][] = [
    [situation('ready'), '$(sparkle) tacit 0.5B', 'none'],
    [situation('ready', { tokensPerSecond: 23.6 }), '$(sparkle) tacit 0.5B · 24 tok/s', 'none'],
    [situation('ready', { pause: { kind: 'everywhere' } }), '$(debug-pause) tacit: paused', 'none'],
    [situation('stopped'), '$(sparkle) tacit', 'none'],
    [situation('loading'), '$(loading~spin) tacit: loading', 'none'],
    [situation('pulling'), '$(cloud-download) tacit: downloading', 'none'],
    [situation('missing', { pause: { kind: 'everywhere' } }), '$(cloud-download) tacit: no model', 'warning'],
    [situation('failed'), '$(error) tacit: failed', 'error'],
    [situation('ready', { server: 'missing' }), '$(error) tacit: no server', 'error'],
    [situation('ready', { server: 'stopped' }), '$(error) tacit: stopped', 'error'],
    [situation('ready', { status: undefined }), '$(loading~spin) tacit', 'none'],
  ];
  for (const [given, text, severity] of texts) {
    const said = statusText(given);
    assert.deepEqual([said.text, said.severity], [text, severity]);
    assert.doesNotMatch(said.label, /\$\(/);
    assert.ok(said.tooltip);
  }
});

test('a model without a size is told by its name', () => {
  assert.equal(sizeOf('qwen2.5-coder-32b-instruct-q2_k'), '32B');
  assert.equal(sizeOf('mine.gguf'), 'mine.gguf');
  assert.equal(sizeOf(''), '');
});

test('speed is that of the tokens written since the last look', () => {
  const stats = (tokens_generated: number, generating_us?: number) =>
    ({ tokens_generated, ...(generating_us !== undefined && { generating_us }) }) as SessionStats;
  assert.equal(speedBetween(stats(10, 1_000_000), stats(30, 1_500_000)), 40);
  assert.equal(speedBetween(undefined, stats(10, 500_000)), 20);
  assert.equal(speedBetween(stats(10, 1), stats(10, 1)), undefined);
  assert.equal(speedBetween(stats(10), stats(30)), undefined);
});
