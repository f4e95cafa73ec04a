/** The report as HTML. Pure. Every text that is not ours is escaped; there is no style but by classes. */
import type { SessionStats } from '../protocol';
import { latencyChart, tokenChart } from './charts';
import { dollars, escapeHtml, grouped, milliseconds, share, wattHours } from './figures';
import type { Day, Language, Report } from './report';

/** `session`: what this window's server has counted, where one runs. */
export function reportHtml(report: Report, session: SessionStats | undefined): string {
  const counted = report.days_with_work > 0;
  const parts = counted
    ? [summary(report), latency(report), languages(report.languages), tokens(report), savings(report)]
    : [
        `<p class="empty">Nothing was counted in this time. Type with tacit for half a minute, then refresh.</p>`,
      ];
  if (session) parts.push(thisWindow(session));
  return parts.join('\n');
}

/** Why there is no report. */
export function failureHtml(reason: string): string {
  return `<p class="failure" role="alert">${escapeHtml(reason)}</p>`;
}

function summary(report: Report): string {
  const accepted = Object.values(report.languages).reduce(
    (sum, language) => sum + language.accepted_characters,
    0,
  );
  const prompt = report.prompt_tokens_evaluated + report.prompt_tokens_reused;
  const figures: [string, string][] = [
    ['half of the suggestions came within', report.latency_ms ? milliseconds(report.latency_ms.p50) : '–'],
    ['answered from earlier answers', share(report.cache_hits, report.requests)],
    ['characters accepted', grouped(accepted)],
    ['of the prompts were known from before', share(report.prompt_tokens_reused, prompt)],
  ];
  const items = figures.map(([label, value]) => `<div><dt>${label}</dt><dd>${value}</dd></div>`);
  return section('summary', 'In short', `<dl class="figures">${items.join('')}</dl>`);
}

function latency(report: Report): string {
  const total = report.latency_ms;
  const days = report.by_day ?? [];
  const words = total
    ? `<p>Of ${grouped(report.answers_shown)} answers that showed something, half came within ${milliseconds(total.p50)}, nine of ten within ${milliseconds(total.p90)}, 99 of 100 within ${milliseconds(total.p99)}. ${share(report.cache_hits, report.requests)} of ${grouped(report.requests)} requests were answered from earlier answers, without the model.</p>`
    : '<p>No answer has shown something yet.</p>';
  if (!days.some((day) => day.latency_ms)) return section('latency', 'Latency', words);
  const legend = key([
    ['p50', 'half'],
    ['p90', '9 of 10'],
    ['p99', '99 of 100'],
  ]);
  const head = ['day', 'half within', '9 of 10', '99 of 100', 'requests', 'from earlier answers'];
  const row = (day: Day) => [
    day.date,
    ...(['p50', 'p90', 'p99'] as const).map((name) =>
      day.latency_ms ? milliseconds(day.latency_ms[name]) : '–',
    ),
    grouped(day.requests),
    share(day.cache_hits, day.requests),
  ];
  return section(
    'latency',
    'Latency',
    words + legend + latencyChart(days) + byDay('Latency by day', head, days.map(row)),
  );
}

function languages(counted: Record<string, Language>): string {
  const used = Object.entries(counted).filter(([, counts]) => counts.offered > 0 || counts.learned_from > 0);
  if (used.length === 0)
    return section('languages', 'Accepted and kept', '<p>No suggestion was shown yet.</p>');
  used.sort(([, left], [, right]) => right.shown - left.shown);
  const head = [
    'language',
    'shown',
    'accepted',
    'typed by hand',
    'refused',
    'characters',
    'kept after 5 min',
    'shown from',
  ];
  const rows = used.map(([name, counts]) => [
    name,
    grouped(counts.shown),
    share(counts.accepted, counts.shown),
    share(counts.typed, counts.shown),
    share(counts.refused, counts.shown),
    grouped(counts.accepted_characters),
    share(counts.kept_characters, counts.measured_characters),
    `${(counts.threshold * 100).toFixed(0)} % likely`,
  ]);
  const words =
    '<p>How likely a line has to be before it is shown follows from what you accepted and kept, by language; 15 % at first.</p>';
  return section('languages', 'Accepted and kept', words + table('Suggestions by language', head, rows));
}

function tokens(report: Report): string {
  const days = report.by_day ?? [];
  const prompt = report.prompt_tokens_evaluated + report.prompt_tokens_reused;
  const words = `<p>${share(report.prompt_tokens_reused, prompt)} of ${grouped(prompt)} prompt tokens were known from before and cost nothing. ${grouped(report.tokens_generated)} tokens were written, ${share(report.draft_tokens_accepted, report.tokens_generated)} of them guessed before, several in one pass.</p>`;
  if (days.length === 0) return section('tokens', 'Tokens', words);
  const legend = key([
    ['reused', 'known from before'],
    ['evaluated', 'read anew'],
  ]);
  const head = ['day', 'known from before', 'read anew', 'share known'];
  const row = (day: Day) => [
    day.date,
    grouped(day.prompt_tokens_reused),
    grouped(day.prompt_tokens_evaluated),
    share(day.prompt_tokens_reused, day.prompt_tokens_reused + day.prompt_tokens_evaluated),
  ];
  return section(
    'tokens',
    'Tokens',
    words + legend + tokenChart(days) + byDay('Prompt tokens by day', head, days.map(row)),
  );
}

function savings(report: Report): string {
  const rows = [
    [
      'Electricity not used, since tokens were known from before',
      wattHours(report.electricity_avoided_wh),
      dollars(report.electricity_avoided_usd),
    ],
    [
      'Electricity used',
      wattHours(report.electricity_used_wh),
      dollars((report.electricity_used_wh / 1000) * report.assumptions.price_per_kwh),
    ],
    ['The same prompts and answers from a service in the cloud', '–', dollars(report.cloud_cost_avoided_usd)],
  ];
  const words = '<p>About this much, under the assumptions below. Change them to yours.</p>';
  return section(
    'savings',
    'What it saved',
    words + table('Electricity and cost', ['what', 'energy', 'cost'], rows),
  );
}

function thisWindow(session: SessionStats): string {
  const rows = [
    ['Requests', grouped(session.requests)],
    ['Answered from earlier answers', share(session.cache_hits, session.requests)],
    ['Suggestions sent', grouped(session.offered)],
    ['Accepted', grouped(session.accepted)],
    ['Characters accepted', grouped(session.accepted_characters)],
    ['Prompt tokens known from before', grouped(session.prompt_tokens_reused)],
    ['Prompt tokens read anew', grouped(session.prompt_tokens_evaluated)],
    ['Tokens written', grouped(session.tokens_generated)],
  ];
  return section(
    'window',
    'This window, since it was opened',
    table('Counts of this window', ['what', 'number'], rows),
  );
}

function byDay(caption: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  return `<details><summary>${escapeHtml(caption)}: the numbers</summary>${table(caption, head, rows)}</details>`;
}

function section(id: string, title: string, content: string): string {
  return `<section aria-labelledby="${id}"><h2 id="${id}">${escapeHtml(title)}</h2>${content}</section>`;
}

function key(entries: readonly (readonly [string, string])[]): string {
  const items = entries.map(
    ([name, label]) =>
      `<li><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class="${name}" width="10" height="10"/></svg>${escapeHtml(label)}</li>`,
  );
  return `<ul class="legend">${items.join('')}</ul>`;
}

function table(caption: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = head.map((title) => `<th scope="col">${escapeHtml(title)}</th>`);
  const lines = rows.map(([first, ...rest]) => {
    const cells = rest.map((cell) => `<td>${escapeHtml(cell)}</td>`);
    return `<tr><th scope="row">${escapeHtml(first ?? '')}</th>${cells.join('')}</tr>`;
  });
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table><caption>${escapeHtml(caption)}</caption><thead><tr>${columns.join('')}</tr></thead><tbody>${lines.join('')}</tbody></table></div>`;
}
