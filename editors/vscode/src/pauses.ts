/** Where completions are paused: everywhere, in languages, in files. Pure; whoever holds it keeps and shows it. */

export type Pause =
  { kind: 'everywhere' } | { kind: 'language'; language: string } | { kind: 'file'; uri: string };

export interface Place {
  uri: string;
  language: string;
}

/** The widest pause that holds in a place, or anywhere at all where no place is given. */
export function pauseAt(pauses: readonly Pause[], place: Place | undefined): Pause | undefined {
  const holds = (pause: Pause): boolean =>
    pause.kind === 'everywhere' ||
    (pause.kind === 'language' && pause.language === place?.language) ||
    (pause.kind === 'file' && pause.uri === place?.uri);
  const widest = { everywhere: 0, language: 1, file: 2 };
  return [...pauses].sort((left, right) => widest[left.kind] - widest[right.kind]).find(holds);
}

export function withPause(pauses: readonly Pause[], pause: Pause): Pause[] {
  return [...pauses.filter((other) => !same(other, pause)), pause];
}

/** Ends everything that keeps completions from this place. */
export function resumedAt(pauses: readonly Pause[], place: Place | undefined): Pause[] {
  let left = [...pauses];
  for (let pause = pauseAt(left, place); pause; pause = pauseAt(left, place)) {
    const ended = pause;
    left = left.filter((other) => other !== ended);
  }
  return left;
}

export function inWords(pause: Pause): string {
  switch (pause.kind) {
    case 'everywhere':
      return 'Paused everywhere';
    case 'language':
      return `Paused in ${pause.language}`;
    case 'file':
      return 'Paused in this file';
  }
}

/** What was kept from the session before; anything that is no pause is left out. */
export function kept(value: unknown): Pause[] {
  if (!Array.isArray(value)) return [];
  return value.filter((entry: Partial<Pause & { language: string; uri: string }> | null): entry is Pause => {
    switch (entry?.kind) {
      case 'everywhere':
        return true;
      case 'language':
        return typeof entry.language === 'string';
      case 'file':
        return typeof entry.uri === 'string';
      default:
        return false;
    }
  });
}

function same(left: Pause, right: Pause): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
