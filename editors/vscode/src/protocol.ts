/** What tacit adds to the Language Server Protocol. Owns names and shapes; sends nothing. */

export const STATUS = 'tacit/status';
export const LONGER = 'tacit/longer';
export const STATS = 'tacit/stats';
export const EXPLAIN = 'tacit/explain';
/** Taken over from Copilot's server. */
export const DID_FOCUS = 'textDocument/didFocus';

/** The server announces this command; the client registers it. */
export const PULL_COMMAND = 'tacit.pullModel';
/** Every suggestion carries it; VS Code runs it when the suggestion is accepted. */
export const ACCEPTED_COMMAND = 'tacit.accepted';
/** Begins the progress tokens of downloads, which may be cancelled. */
export const PULL_TOKENS = 'tacit/pull/';

export type EngineState = 'stopped' | 'loading' | 'ready' | 'missing' | 'pulling' | 'failed';

export interface Status {
  state: EngineState;
  /** The model that is loaded, missing or being downloaded, else empty. */
  model: string;
  detail: string;
}

/** There is more than the last suggestion said: whoever asks again gets it at once. */
export interface Longer {
  uri: string;
  version: number;
}

/** Counts since the server started. */
export interface SessionStats {
  requests: number;
  cache_hits: number;
  prompt_tokens_evaluated: number;
  prompt_tokens_reused: number;
  tokens_generated: number;
  /** Older servers do not tell. */
  generating_us?: number;
  draft_tokens_accepted: number;
  engine_pid: number | null;
  offered: number;
  accepted: number;
  accepted_characters: number;
}

export interface ContextPiece {
  path: string;
  /** Counted from 1, both inclusive. */
  start_line: number;
  end_line: number;
  tokens: number;
  reason: string;
}

export interface Metrics {
  prompt_tokens_evaluated: number;
  prompt_tokens_reused: number;
  tokens_generated: number;
  draft_tokens_accepted: number;
  first_line_ms: number;
  total_ms: number;
  from_cache: boolean;
  model: string;
}

/** Why the last request in a document got this suggestion or none, and what the model read. */
export interface Explanation {
  version: number;
  shown: boolean;
  reason: string;
  text: string;
  metrics: Metrics;
  context: ContextPiece[];
  prompt: string;
}
