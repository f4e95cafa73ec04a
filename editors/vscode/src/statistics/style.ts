/** How the statistics page looks: the colours are the theme's, so light, dark and high contrast come by themselves. */
export const STYLE = `
body { color: var(--vscode-foreground); background: var(--vscode-editor-background); font: var(--vscode-font-size) / 1.5 var(--vscode-font-family); padding: 0 24px 48px; }
main { max-width: 800px; margin: 0 auto; }
h1 { font-size: 1.7em; font-weight: 600; margin: 1em 0 0.2em; }
h2 { font-size: 1.2em; font-weight: 600; margin: 2em 0 0.4em; border-bottom: 1px solid var(--vscode-panel-border, transparent); padding-bottom: 0.2em; }
p { margin: 0.5em 0; }
code { font-family: var(--vscode-editor-font-family); color: var(--vscode-textPreformat-foreground); }
.controls { display: flex; gap: 8px; align-items: center; margin: 1em 0; }
select, input { color: var(--vscode-input-foreground); background: var(--vscode-input-background); border: 1px solid var(--vscode-input-border, var(--vscode-panel-border, transparent)); padding: 3px 6px; font: inherit; }
select { color: var(--vscode-dropdown-foreground); background: var(--vscode-dropdown-background); border-color: var(--vscode-dropdown-border, transparent); }
input { width: 7em; text-align: right; }
button { color: var(--vscode-button-foreground); background: var(--vscode-button-background); border: 1px solid var(--vscode-button-border, transparent); padding: 3px 12px; font: inherit; cursor: pointer; }
button:hover { background: var(--vscode-button-hoverBackground); }
button[type=reset] { color: var(--vscode-button-secondaryForeground); background: var(--vscode-button-secondaryBackground); margin-top: 8px; }
:focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: 2px; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 0.5em 0; }
.figures div { display: flex; flex-direction: column-reverse; justify-content: flex-end; padding: 10px 14px; border: 1px solid var(--vscode-panel-border, var(--vscode-contrastBorder, transparent)); border-radius: 4px; }
.figures dd { margin: 0; font-size: 1.7em; font-weight: 600; }
.figures dt { color: var(--vscode-descriptionForeground); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; margin: 0.5em 0; }
caption { text-align: left; color: var(--vscode-descriptionForeground); padding: 4px 0; }
th, td { padding: 4px 12px 4px 0; text-align: right; border-bottom: 1px solid var(--vscode-panel-border, transparent); font-weight: normal; }
th:first-child { text-align: left; }
thead th { font-weight: 600; vertical-align: bottom; }
details { margin: 0.5em 0; }
summary { cursor: pointer; color: var(--vscode-textLink-foreground); }
.legend { display: flex; gap: 18px; list-style: none; padding: 0; margin: 0.5em 0; }
.swatch { width: 10px; height: 10px; margin-right: 6px; }
#report section > svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--vscode-descriptionForeground); font-size: 11px; font-family: var(--vscode-font-family); }
.grid { stroke: var(--vscode-panel-border, var(--vscode-descriptionForeground)); stroke-opacity: 0.6; }
polyline { fill: none; stroke-width: 2; }
polyline.p50 { stroke: var(--vscode-charts-green); } circle.p50, rect.p50 { fill: var(--vscode-charts-green); }
polyline.p90 { stroke: var(--vscode-charts-blue); stroke-dasharray: 6 3; } circle.p90, rect.p90 { fill: var(--vscode-charts-blue); }
polyline.p99 { stroke: var(--vscode-charts-purple); stroke-dasharray: 2 3; } circle.p99, rect.p99 { fill: var(--vscode-charts-purple); }
rect.reused { fill: var(--vscode-charts-green); }
rect.evaluated { fill: var(--vscode-charts-blue); }
fieldset { border: 1px solid var(--vscode-panel-border, var(--vscode-contrastBorder, transparent)); border-radius: 4px; margin: 1em 0; padding: 8px 14px 14px; }
legend { font-weight: 600; padding: 0 6px; }
.field { display: flex; justify-content: space-between; gap: 12px; align-items: center; flex-wrap: wrap; }
.field span span { display: inline-block; width: 6em; color: var(--vscode-descriptionForeground); }
.failure { color: var(--vscode-errorForeground); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
`;
