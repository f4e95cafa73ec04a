/** What the status bar says. Pure. */
import type { Pause } from './pauses';
import { inWords } from './pauses';
import type { SessionStats, Status } from './protocol';

export interface Situation {
  /** Whether the server itself runs. `missing`: there is no program. */
  server: 'starting' | 'running' | 'missing' | 'stopped';
  status: Status | undefined;
  pause: Pause | undefined;
  /** While the model last wrote; undefined while that is unknown. */
  tokensPerSecond: number | undefined;
}

export interface StatusText {
  text: string;
  /** For screen readers: the text without its icon, in words. */
  label: string;
  tooltip: string;
  severity: 'none' | 'warning' | 'error';
}

export function statusText(situation: Situation): StatusText {
  const { server, status, pause } = situation;
  const say = (icon: string, words: string, tooltip: string, severity: StatusText['severity'] = 'none') => ({
    text: `$(${icon}) ${words}`,
    label: words,
    tooltip,
    severity,
  });
  if (server === 'missing') {
    return say(
      'error',
      'tacit: no server',
      'The server is not on this machine. The menu says how to get it.',
      'error',
    );
  }
  if (server === 'stopped')
    return say('error', 'tacit: stopped', 'The server has ended. Restart it from the menu.', 'error');
  if (server === 'starting' || !status) return say('loading~spin', 'tacit', 'The server starts.');
  if (pause && (status.state === 'ready' || status.state === 'stopped')) {
    return say('debug-pause', 'tacit: paused', `${inWords(pause)}.`);
  }
  switch (status.state) {
    case 'ready': {
      const speed = situation.tokensPerSecond;
      const words = ['tacit', sizeOf(status.model)].filter(Boolean).join(' ');
      const measured = speed === undefined ? '' : ` · ${speed.toFixed(0)} tok/s`;
      const tooltip = [`Ready: ${status.model}`, status.detail];
      if (speed !== undefined) tooltip.push(`${speed.toFixed(1)} tokens a second when it last wrote`);
      return say('sparkle', words + measured, tooltip.filter(Boolean).join('\n'));
    }
    case 'stopped':
      return say('sparkle', 'tacit', status.detail);
    case 'loading':
      return say('loading~spin', 'tacit: loading', status.detail);
    case 'pulling':
      return say('cloud-download', 'tacit: downloading', [status.model, status.detail].join('\n'));
    case 'missing':
      return say('cloud-download', 'tacit: no model', status.detail, 'warning');
    case 'failed':
      return say('error', 'tacit: failed', status.detail, 'error');
  }
}

/** `0.5B` of `qwen2.5-coder-0.5b-instruct-q4_k_m`; a name without a size stays as it is, cut to the width of a status bar. */
export function sizeOf(model: string): string {
  const size = /-(\d+(?:\.\d+)?)b\b/i.exec(model)?.[1];
  return size ? `${size}B` : model.slice(0, 20);
}

/** Tokens a second between two looks at the server's counts; undefined where it wrote nothing in between. */
export function speedBetween(before: SessionStats | undefined, now: SessionStats): number | undefined {
  const tokens = now.tokens_generated - (before?.tokens_generated ?? 0);
  const microseconds = (now.generating_us ?? 0) - (before?.generating_us ?? 0);
  return tokens > 0 && microseconds > 0 ? (tokens * 1e6) / microseconds : undefined;
}
