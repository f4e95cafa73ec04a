/** The page around the report: what stays while the report is drawn anew, and what the page may do. Pure. */
import { escapeHtml } from './figures';
import { ASSUMPTIONS, PERIODS, type Question } from './report';
import { STYLE } from './style';

/** `script`: the address of the page's script within the webview. No other script runs, and nothing is fetched. */
export function shellHtml(question: Question, script: string, nonce: string): string {
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>tacit: statistics</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<main>
<h1>What tacit does for you</h1>
<p>Counted on this machine, for you alone: numbers by day and language, never text. <code>tacit stats --reset</code> in a shell deletes all of it.</p>
<form id="controls" class="controls">
<label for="days">Time</label>
<select id="days">${PERIODS.map((period) => option(period, question.days)).join('')}</select>
<button type="submit">Refresh</button>
</form>
<p id="said" class="hidden" role="status"></p>
<div id="report" aria-busy="true"><p>The counts are being read.</p></div>
<form id="assumptions">
<fieldset><legend>Assumptions</legend>
${ASSUMPTIONS.map(({ key, label, unit }) => field(key, label, unit, question.assumptions[key])).join('\n')}
<button type="reset">Back to the usual ones</button>
</fieldset>
</form>
</main>
<script nonce="${nonce}" src="${escapeHtml(script)}"></script>
</body>
</html>`;
}

function option({ days, label }: { days: number; label: string }, chosen: number): string {
  return `<option value="${days}"${days === chosen ? ' selected' : ''}>${label}</option>`;
}

/** With a value: what the user has assumed before. Without: the server's own, which comes with the report. */
function field(key: string, label: string, unit: string, value: number | undefined): string {
  return `<p class="field"><label for="${key}">${escapeHtml(label)}</label><span><input id="${key}" type="number" min="0" step="any" inputmode="decimal" value="${value ?? ''}" aria-describedby="${key}-unit"> <span id="${key}-unit">${escapeHtml(unit)}</span></span></p>`;
}
