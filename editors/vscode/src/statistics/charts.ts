/**
 * Charts as SVG text, coloured by classes. Pure. A chart is a picture for those who see it: the same numbers stand in a table beside it.
 */
import { decades, escapeHtml, grouped, milliseconds } from './figures';
import type { Day, Percentiles } from './report';

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 64;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 28;
/** Labels of days that fit below a chart. */
const MOST_LABELS = 8;

interface Frame {
  x: (index: number) => number;
  y: (share: number) => number;
}

/** Percentiles by day, on a logarithmic scale: they lie between a millisecond from the cache and seconds from the model. */
export function latencyChart(days: readonly Day[]): string {
  const measured = days.flatMap((day) => (day.latency_ms ? [{ date: day.date, ms: day.latency_ms }] : []));
  const { low, high } = decades(measured.flatMap(({ ms }) => [ms.p50, ms.p90, ms.p99]));
  const at = (ms: number) => (Math.log10(ms) - low) / (high - low);
  const frame = frameFor(measured.length);
  const ticks = range(low, high).map((power) => tick(frame, at(10 ** power), milliseconds(10 ** power)));
  const lines = (['p99', 'p90', 'p50'] as const).map((percentile) => line(frame, percentile, measured, at));
  return svg('Latency by day', [
    ...ticks,
    ...dateLabels(
      frame,
      measured.map(({ date }) => date),
    ),
    ...lines,
  ]);
}

/** Tokens of prompts by day: those known from before, and on top those that had to be read. */
export function tokenChart(days: readonly Day[]): string {
  const most = Math.max(1, ...days.map((day) => day.prompt_tokens_reused + day.prompt_tokens_evaluated));
  const frame = frameFor(days.length);
  const width = Math.min(36, ((WIDTH - LEFT - RIGHT) / Math.max(1, days.length)) * 0.7);
  const bar = (index: number, from: number, to: number, name: string) => {
    const top = frame.y(to / most);
    const height = frame.y(from / most) - top;
    return `<rect class="${name}" x="${px(frame.x(index) - width / 2)}" y="${px(top)}" width="${px(width)}" height="${px(height)}"/>`;
  };
  const bars = days.flatMap((day, index) => {
    const reused = day.prompt_tokens_reused;
    return [
      bar(index, 0, reused, 'reused'),
      bar(index, reused, reused + day.prompt_tokens_evaluated, 'evaluated'),
    ];
  });
  const ticks = [0, 0.5, 1].map((share) => tick(frame, share, grouped(most * share)));
  return svg('Prompt tokens by day', [
    ...ticks,
    ...dateLabels(
      frame,
      days.map((day) => day.date),
    ),
    ...bars,
  ]);
}

function frameFor(points: number): Frame {
  const width = WIDTH - LEFT - RIGHT;
  return {
    // In the middle of equal parts, so that a single day stands in the middle.
    x: (index) => LEFT + (width * (index + 0.5)) / Math.max(1, points),
    y: (share) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - share),
  };
}

function line(
  frame: Frame,
  percentile: keyof Percentiles,
  measured: readonly { ms: Percentiles }[],
  at: (ms: number) => number,
): string {
  const points = measured.map(
    ({ ms }, index) => [px(frame.x(index)), px(frame.y(at(ms[percentile])))] as const,
  );
  const dots = points.map(([x, y]) => `<circle class="${percentile}" cx="${x}" cy="${y}" r="2.5"/>`);
  const path = points.map((point) => point.join(',')).join(' ');
  return `<polyline class="${percentile}" points="${path}"/>${dots.join('')}`;
}

function tick(frame: Frame, share: number, label: string): string {
  const y = px(frame.y(share));
  return (
    `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/>` +
    `<text x="${LEFT - 6}" y="${y}" dy="0.35em" text-anchor="end">${escapeHtml(label)}</text>`
  );
}

function dateLabels(frame: Frame, dates: readonly string[]): string[] {
  const step = Math.ceil(dates.length / MOST_LABELS);
  const shown = dates.flatMap((date, index) => (index % step === 0 ? [{ date, index }] : []));
  return shown.map(
    ({ date, index }) =>
      `<text x="${px(frame.x(index))}" y="${HEIGHT - 8}" text-anchor="middle">${escapeHtml(date.slice(5))}</text>`,
  );
}

function svg(title: string, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}; the numbers are in the table below">${parts.join('')}</svg>`;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function px(length: number): string {
  return length.toFixed(1);
}
