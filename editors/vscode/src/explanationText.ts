/** The prompt inspector: what `tacit/explain` says, for a person. Pure. */
import { fenced, table } from './markdown';
import type { Explanation } from './protocol';

export function explanationText(file: string, language: string, explanation: Explanation): string {
  const { metrics, context } = explanation;
  const parts = [`# What was sent to the model for ${file}`];
  parts.push(
    'The last request in this file. The model runs on your own machine: nothing of this has left it. Secret values were replaced by `***` before.',
  );
  parts.push(
    '## Outcome',
    `**${explanation.shown ? 'A suggestion was shown' : 'Nothing was shown'}**: ${explanation.reason}`,
  );
  if (explanation.text) parts.push(fenced(explanation.text, language));

  parts.push('## Cost', table(['what', 'number'], costs(explanation)));
  if (metrics.from_cache) parts.push('An earlier answer fitted, so the model was not asked again.');

  parts.push('## What the model saw, and why');
  if (context.length > 0) {
    const rows = context.map((piece) => [
      piece.path,
      `${piece.start_line}-${piece.end_line}`,
      piece.tokens,
      piece.reason,
    ]);
    parts.push(table(['file', 'lines', 'tokens', 'why'], rows));
  } else {
    parts.push('Nothing: the model was not asked.');
  }
  parts.push('## The prompt, exactly');
  parts.push(explanation.prompt ? fenced(explanation.prompt) : 'There is none: the model was not asked.');
  return `${parts.join('\n\n')}\n`;
}

/** For a file in which nothing was asked yet. */
export function nothingToExplain(file: string): string {
  return `# What was sent to the model for ${file}\n\nNothing yet. Type something in the file, then show this again.\n`;
}

function costs({ metrics }: Explanation): (string | number)[][] {
  const rows: (string | number)[][] = [
    ['milliseconds to the first line', Math.round(metrics.first_line_ms)],
    ['milliseconds in all', Math.round(metrics.total_ms)],
    ['prompt tokens read', metrics.prompt_tokens_evaluated],
    ['prompt tokens known from before', metrics.prompt_tokens_reused],
    ['tokens written', metrics.tokens_generated],
    ['of these guessed before', metrics.draft_tokens_accepted],
  ];
  return rows;
}
