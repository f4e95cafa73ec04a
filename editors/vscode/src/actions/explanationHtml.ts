/** The page that an explanation is read on. What a model says is not trusted: formatting is all that is left of it. Pure. */
import { escapeHtml } from '../statistics/figures';

/** Enough for Markdown. Not among them: what loads something, leads elsewhere, or asks for something. */
const TAGS = new Set(
  'p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code div span em strong s br hr table thead tbody tr th td'.split(
    ' ',
  ),
);

/** `rendered` is what VS Code makes of the model's Markdown. No script runs on the page, and nothing is fetched. */
export function explanationHtml(title: string, rendered: string, nonce: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; form-action 'none'; style-src 'nonce-${nonce}'">
<title>${escapeHtml(title)}</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${onlyFormatting(rendered)}
<p class="origin">Written by a language model on this machine. It may be wrong.</p>
</main>
</body>
</html>`;
}

/** Drops all tags that are no formatting and all attributes but classes; what only looks like a tag becomes text. */
export function onlyFormatting(html: string): string {
  const tag = /<(\/?)([a-z][a-z0-9]*)\b([^<>]*)>/giy;
  let result = '';
  for (let at = 0; at < html.length;) {
    const next = html.indexOf('<', at);
    if (next < 0) return result + html.slice(at);
    result += html.slice(at, next);
    tag.lastIndex = next;
    const found = tag.exec(html);
    if (!found) {
      result += '&lt;';
      at = next + 1;
      continue;
    }
    const [whole, slash, name = '', attributes = ''] = found;
    if (TAGS.has(name.toLowerCase())) {
      const classes = /\sclass="([\w\s-]*)"/i.exec(attributes)?.[1];
      result += `<${slash}${name}${slash || classes === undefined ? '' : ` class="${classes}"`}>`;
    }
    at = next + whole.length;
  }
  return result;
}

/** The colours are the theme's. Those of code are what the debugger shows values in: no others are known to a page. */
const STYLE = `
body { color: var(--vscode-foreground); background: var(--vscode-editor-background); font: var(--vscode-font-size) / 1.6 var(--vscode-font-family); padding: 0 24px 48px; }
main { max-width: 800px; }
h1 { font-size: 1.4em; font-weight: 600; margin: 1em 0 0.6em; border-bottom: 1px solid var(--vscode-panel-border, transparent); padding-bottom: 0.3em; }
h2, h3, h4, h5, h6 { font-size: 1.1em; font-weight: 600; margin: 1.4em 0 0.4em; }
code { font-family: var(--vscode-editor-font-family); color: var(--vscode-textPreformat-foreground); }
pre { background: var(--vscode-textCodeBlock-background); padding: 10px 14px; overflow-x: auto; border-radius: 4px; }
pre code { color: var(--vscode-editor-foreground); font-size: var(--vscode-editor-font-size); }
.hljs-keyword, .hljs-built_in { color: var(--vscode-debugTokenExpression-name); }
.hljs-string { color: var(--vscode-debugTokenExpression-string); }
.hljs-number, .hljs-literal { color: var(--vscode-debugTokenExpression-number); }
.hljs-comment, .origin { color: var(--vscode-descriptionForeground); }
blockquote { margin: 0.5em 0; padding-left: 14px; border-left: 3px solid var(--vscode-textBlockQuote-border); }
table { border-collapse: collapse; }
th, td { padding: 4px 12px 4px 0; text-align: left; border-bottom: 1px solid var(--vscode-panel-border, transparent); }
.origin { margin-top: 2em; font-size: 0.9em; }
`;
