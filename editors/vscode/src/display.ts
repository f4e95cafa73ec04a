/** Text from outside in a notification. VS Code makes `[text](command:...)` in any of them a link that runs the command. Pure. */

/** As the server's own messages. */
const LONGEST = 500;

/** Signs that nobody sees, or that turn the order of a text around. */
const HIDDEN = /[\p{Control}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}]/gu;

/** One line of visible signs, without links, short enough for a notification. */
export function message(text: string): string {
  const line = text.replace(/\s+/g, ' ').replace(HIDDEN, '').trim();
  const characters = [...line.replaceAll('](', '] (')];
  return characters.length <= LONGEST ? characters.join('') : `${characters.slice(0, LONGEST - 1).join('')}…`;
}
