import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latencyChart, tokenChart } from '../src/statistics/charts';
import {
  decades,
  dollars,
  escapeHtml,
  grouped,
  milliseconds,
  share,
  wattHours,
} from '../src/statistics/figures';
import { failureHtml, reportHtml } from '../src/statistics/render';
import {
  questionArguments,
  readQuestion,
  USUAL_QUESTION,
  type Day,
  type Report,
} from '../src/statistics/report';
import { shellHtml } from '../src/statistics/shell';

const day: Day = {
  date: '2026-11-22',
  requests: 1200,
  cache_hits: 900,
  latency_ms: { p50: 4, p90: 120, p99: 900 },
  prompt_tokens_evaluated: 200_000,
  prompt_tokens_reused: 1_800_000,
};

const report: Report = {
  days: 30,
  days_with_work: 1,
  requests: 1200,
  cache_hits: 900,
  answers_shown: 100,
  latency_ms: day.latency_ms,
  prompt_tokens_evaluated: 200_000,
  prompt_tokens_reused: 1_800_000,
  tokens_generated: 86_400,
  draft_tokens_accepted: 43_200,
  by_day: [day],
  languages: {
    '<rust>': {
      offered: 150,
      shown: 100,
      accepted: 40,
      accepted_characters: 1600,
      typed: 20,
      refused: 30,
      measured_characters: 1000,
      kept_characters: 910,
      threshold: 0.148,
      learned_from: 100,
    },
  },
  electricity_used_wh: 19.2,
  electricity_avoided_wh: 37.5,
  electricity_avoided_usd: 0.011,
  cloud_cost_avoided_usd: 0.678,
  assumptions: {
    watts: 15,
    prompt_tokens_per_second: 200,
    generated_tokens_per_second: 24,
    price_per_kwh: 0.3,
    price_per_million_tokens: 0.3,
    price_per_million_generated_tokens: 0.9,
  },
};

test('numbers are written for people', () => {
  assert.deepEqual([grouped(0), grouped(999), grouped(1234567)], ['0', '999', '1,234,567']);
  assert.deepEqual([share(1, 3), share(1, 0)], ['33 %', '–']);
  assert.deepEqual(
    [milliseconds(0.15), milliseconds(1500), milliseconds(12_345)],
    ['0.1 ms', '1,500 ms', '12.3 s'],
  );
  assert.deepEqual([wattHours(37.5), wattHours(1234)], ['37.5 Wh', '1.23 kWh']);
  assert.equal(dollars(0.678), '$0.68');
  assert.equal(escapeHtml(`<a href="x">'&`), '&lt;a href=&quot;x&quot;&gt;&#39;&amp;');
});

test('a logarithmic scale has at least a decade', () => {
  assert.deepEqual(decades([4, 900]), { low: 0, high: 3 });
  assert.deepEqual(decades([100]), { low: 2, high: 3 });
  assert.deepEqual(decades([]), { low: 0, high: 1 });
});

test('the report tells what was counted', () => {
  const html = reportHtml(report, undefined);
  for (const expected of [
    'half came within 4.0 ms, nine of ten within 120 ms',
    '75 % of 1,200 requests were answered from earlier answers',
    '<th scope="row">&lt;rust&gt;</th><td>100</td><td>40 %</td><td>20 %</td><td>30 %</td><td>1,600</td><td>91 %</td><td>15 % likely</td>',
    '90 % of 2,000,000 prompt tokens',
    '50 % of them guessed before',
    '<td>37.5 Wh</td><td>$0.01</td>',
    '<td>$0.68</td>',
  ]) {
    assert.ok(html.includes(expected), `${expected} in\n${html}`);
  }
  assert.ok(!html.includes('<rust>'));
  assert.doesNotMatch(html, /style=|NaN|undefined/);
  assert.doesNotMatch(html, /This window/);
});

test('every table has a caption and heads, every section a heading', () => {
  const html = reportHtml(report, undefined);
  const count = (pattern: RegExp) => [...html.matchAll(pattern)].length;
  assert.equal(count(/<table>/g), 4);
  assert.equal(count(/<table><caption>/g), 4);
  assert.equal(count(/<section aria-labelledby="(\w+)"><h2 id="\1">/g), count(/<section/g));
  assert.equal(count(/<svg viewBox="0 0 720/g), count(/role="img" aria-label="/g));
});

test('without counts, and from an older server, there is still a page', () => {
  assert.match(reportHtml({ ...report, days_with_work: 0 }, undefined), /Nothing was counted/);
  const { by_day: _, ...older } = report;
  assert.doesNotMatch(reportHtml({ ...older, latency_ms: null }, undefined), /NaN|undefined|<details/);
  assert.match(failureHtml('<no>'), /role="alert">&lt;no&gt;/);
});

test('charts hold all their points', () => {
  const days = [day, { ...day, date: '2026-11-23', latency_ms: null }, { ...day, date: '2026-11-24' }];
  assert.equal([...latencyChart(days).matchAll(/<circle/g)].length, 6);
  assert.equal([...tokenChart(days).matchAll(/<rect/g)].length, 6);
  for (const chart of [latencyChart([]), tokenChart([]), latencyChart(days), tokenChart(days)]) {
    assert.doesNotMatch(chart, /NaN|Infinity/);
  }
  const heights = [...tokenChart([day]).matchAll(/height="([\d.]+)"/g)].map((match) => Number(match[1]));
  assert.deepEqual(heights, [162, 18]);
});

test('questions from outside are read with care', () => {
  assert.deepEqual(readQuestion(undefined), USUAL_QUESTION);
  assert.deepEqual(readQuestion({ days: 5, assumptions: [] }), USUAL_QUESTION);
  const given = {
    days: 7,
    assumptions: { watts: 30, price_per_kwh: -1, evil: 3, generated_tokens_per_second: '9' },
  };
  assert.deepEqual(readQuestion(given), { days: 7, assumptions: { watts: 30 } });
  assert.deepEqual(questionArguments({ days: 7, assumptions: { price_per_million_tokens: 0.5 } }), [
    'stats',
    '--json',
    '--days=7',
    '--price-per-million-tokens=0.5',
  ]);
});

test('the page may run its own script only', () => {
  const html = shellHtml({ days: 7, assumptions: { watts: 30 } }, 'vscode-resource:/x.js?a&b', 'abc');
  assert.match(html, /content="default-src 'none'; style-src 'nonce-abc'; script-src 'nonce-abc'"/);
  assert.match(html, /<script nonce="abc" src="vscode-resource:\/x\.js\?a&amp;b"><\/script>/);
  assert.match(html, /<option value="7" selected>/);
  assert.match(html, /id="watts"[^>]* value="30"/);
  assert.match(html, /id="price_per_kwh"[^>]* value=""/);
  assert.doesNotMatch(html, /https?:/);
});
