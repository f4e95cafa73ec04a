/** What the statistics page shows, as `tacit stats --json` tells it, and the questions that it can be asked. Pure. */

export interface Percentiles {
  p50: number;
  p90: number;
  p99: number;
}

/** A day with work. */
export interface Day {
  date: string;
  requests: number;
  cache_hits: number;
  latency_ms: Percentiles | null;
  prompt_tokens_evaluated: number;
  prompt_tokens_reused: number;
}

export interface Language {
  offered: number;
  shown: number;
  accepted: number;
  accepted_characters: number;
  typed: number;
  refused: number;
  measured_characters: number;
  kept_characters: number;
  threshold: number;
  learned_from: number;
}

export interface Assumptions {
  watts: number;
  prompt_tokens_per_second: number;
  generated_tokens_per_second: number;
  price_per_kwh: number;
  price_per_million_tokens: number;
  price_per_million_generated_tokens: number;
}

export interface Report {
  days: number;
  days_with_work: number;
  requests: number;
  cache_hits: number;
  answers_shown: number;
  latency_ms: Percentiles | null;
  prompt_tokens_evaluated: number;
  prompt_tokens_reused: number;
  tokens_generated: number;
  draft_tokens_accepted: number;
  /** Oldest first. Older servers do not tell. */
  by_day?: Day[];
  languages: Record<string, Language>;
  electricity_used_wh: number;
  electricity_avoided_wh: number;
  electricity_avoided_usd: number;
  cloud_cost_avoided_usd: number;
  assumptions: Assumptions;
}

/** What the page asks for. An assumption that is not there is the server's own. */
export interface Question {
  days: number;
  assumptions: Partial<Assumptions>;
}

export const ASSUMPTIONS: readonly { key: keyof Assumptions; label: string; unit: string }[] = [
  { key: 'watts', label: 'Power of the processor in addition, while the model computes', unit: 'W' },
  { key: 'prompt_tokens_per_second', label: 'Prompt tokens read', unit: 'a second' },
  { key: 'generated_tokens_per_second', label: 'Tokens written', unit: 'a second' },
  { key: 'price_per_kwh', label: 'Electricity', unit: '$ a kWh' },
  { key: 'price_per_million_tokens', label: 'Prompt tokens in the cloud', unit: '$ a million' },
  { key: 'price_per_million_generated_tokens', label: 'Written tokens in the cloud', unit: '$ a million' },
];

export const PERIODS: readonly { days: number; label: string }[] = [
  { days: 1, label: 'today' },
  { days: 7, label: '7 days' },
  { days: 30, label: '30 days' },
  { days: 90, label: '90 days' },
];

export const USUAL_QUESTION: Question = { days: 30, assumptions: {} };

/** A question from outside (the page, or what was kept): everything that makes no sense is left out. */
export function readQuestion(value: unknown): Question {
  const asked = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const period = PERIODS.find((period) => period.days === asked['days']);
  const given = (
    typeof asked['assumptions'] === 'object' && asked['assumptions'] !== null ? asked['assumptions'] : {}
  ) as Record<string, unknown>;
  const assumptions: Partial<Assumptions> = {};
  for (const { key } of ASSUMPTIONS) {
    const number = given[key];
    if (typeof number === 'number' && Number.isFinite(number) && number > 0) assumptions[key] = number;
  }
  return { days: period?.days ?? USUAL_QUESTION.days, assumptions };
}

/** The arguments of `tacit` that answer a question. */
export function questionArguments({ days, assumptions }: Question): string[] {
  const flags = Object.entries(assumptions).map(([key, value]) => `--${key.replaceAll('_', '-')}=${value}`);
  return ['stats', '--json', `--days=${days}`, ...flags];
}
