/** Edits of a text by offsets in UTF-16 code units: what they make of it, and where they are once it has changed. Pure. */

/** Replaces what lies from `start` up to `end`. */
export interface OffsetEdit {
  start: number;
  end: number;
  text: string;
}

/** A change of the text, as VS Code tells it. */
export interface TextChange {
  rangeOffset: number;
  rangeLength: number;
  text: string;
}

/** The text with all edits made. They must not overlap; their order does not matter. */
export function applied(text: string, edits: readonly OffsetEdit[]): string {
  const ordered = [...edits].sort((left, right) => left.start - right.start || left.end - right.end);
  let result = '';
  let from = 0;
  for (const { start, end, text: replacement } of ordered) {
    result += text.slice(from, start) + replacement;
    from = end;
  }
  return result + text.slice(from);
}

/**
 * The same edits after these changes, each of which is told for the text that the one before it left.
 * Undefined if one lies among the edits: they were made for other code then.
 */
export function rebased(
  edits: readonly OffsetEdit[],
  changes: readonly TextChange[],
): OffsetEdit[] | undefined {
  let moved = [...edits];
  for (const { rangeOffset, rangeLength, text } of changes) {
    const start = Math.min(...moved.map((edit) => edit.start));
    const end = Math.max(...moved.map((edit) => edit.end));
    if (rangeOffset + rangeLength <= start) {
      const by = text.length - rangeLength;
      moved = moved.map((edit) => ({ ...edit, start: edit.start + by, end: edit.end + by }));
    } else if (rangeOffset < end) {
      return undefined;
    }
  }
  return moved;
}
