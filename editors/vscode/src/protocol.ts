/** What tacit adds to the Language Server Protocol, and the requests that are made by hand. Owns names and shapes; sends nothing. */
import type { WorkspaceEdit } from 'vscode-languageclient';

export const STATUS = 'tacit/status';
export const LONGER = 'tacit/longer';
export const STATS = 'tacit/stats';
export const EXPLAIN = 'tacit/explain';
/** Taken over from Copilot's server. */
export const DID_FOCUS = 'textDocument/didFocus';

export const CODE_ACTION = 'textDocument/codeAction';
export const RESOLVE_ACTION = 'codeAction/resolve';
export const EXECUTE_COMMAND = 'workspace/executeCommand';

/** The server announces this command; the client registers it. */
export const PULL_COMMAND = 'tacit.pullModel';
/** Every suggestion carries it; VS Code runs it when the suggestion is accepted. */
export const ACCEPTED_COMMAND = 'tacit.accepted';
/** Does the work behind an entry; for explanations, it returns them. */
export const ACT_COMMAND = 'tacit.act';
/** Ours, and not the server's: every entry of the menu carries it, and VS Code runs it when the entry is chosen. */
export const RUN_ACTION_COMMAND = 'tacit.runAction';
/** Begin the progress tokens of downloads and of code actions, which may be cancelled. */
export const PULL_TOKENS = 'tacit/pull/';
export const ACTION_TOKENS = 'tacit/action/';

/** Announced to the server under `experimental`: instructions are asked for, and Markdown that a command returns is shown. */
export const CLIENT_CAPABILITIES = { tacit: { instructions: true, markdown: true } };

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

/** An entry of the list of code actions. */
export interface ActionEntry {
  title: string;
  /** The server's own; it goes back as it came, but for an instruction that the user was asked for. */
  data: { uri: string; offer: { action: string; instruction?: string } };
  /** Once it has been resolved, unless nothing is to be changed. */
  edit?: WorkspaceEdit;
}

/** What `tacit.act` returns of an explanation. */
export interface Explained {
  markdown: string;
}
