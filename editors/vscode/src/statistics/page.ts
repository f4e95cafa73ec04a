/** Runs in the statistics page: asks the extension for a report whenever a control changes, and shows what comes. */
import { ASSUMPTIONS, type Assumptions, type Question } from './report';

declare function acquireVsCodeApi(): { postMessage(message: Question): void };

/** What the extension sends. */
export interface Drawn {
  html: string;
  /** What the report rests on; undefined if there is none. */
  assumptions: Assumptions | undefined;
}

function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

const extension = acquireVsCodeApi();
const days = element('days', HTMLSelectElement);
const report = element('report', HTMLDivElement);
const said = element('said', HTMLParagraphElement);
const fields = new Map(ASSUMPTIONS.map(({ key }) => [key, element(key, HTMLInputElement)]));
/** Fields that the user has changed; the others are the server's own. */
const changed = new Set<keyof Assumptions>();

function ask(): void {
  const assumptions: Partial<Assumptions> = {};
  for (const key of changed) {
    const field = fields.get(key);
    if (field && field.valueAsNumber > 0) assumptions[key] = field.valueAsNumber;
  }
  report.setAttribute('aria-busy', 'true');
  // Said again only if it is another text in between.
  said.textContent = '';
  extension.postMessage({ days: Number(days.value), assumptions });
}

function show({ html, assumptions }: Drawn): void {
  const open = [...report.querySelectorAll('details')].map((details) => details.open);
  report.innerHTML = html;
  report.querySelectorAll('details').forEach((details, index) => (details.open = open[index] ?? false));
  report.setAttribute('aria-busy', 'false');
  said.textContent = 'The report is up to date.';
  if (!assumptions) return;
  for (const [key, field] of fields) {
    if (document.activeElement !== field) field.value = String(assumptions[key]);
  }
}

days.addEventListener('change', ask);
element('controls', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  ask();
});
const form = element('assumptions', HTMLFormElement);
form.addEventListener('submit', (event) => event.preventDefault());
form.addEventListener('reset', (event) => {
  event.preventDefault();
  changed.clear();
  ask();
});
for (const [key, field] of fields) {
  // Kept from the time before.
  if (field.value) changed.add(key);
  field.addEventListener('change', () => {
    if (field.valueAsNumber > 0) changed.add(key);
    else changed.delete(key);
    ask();
  });
}
window.addEventListener('message', (event: MessageEvent<Drawn>) => show(event.data));
ask();
