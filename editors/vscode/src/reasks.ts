/**
 * Which requests for a suggestion are ours, though VS Code takes them for the user's. Pure.
 *
 * A request that VS Code was made to send may count as a key of the user's, and the server would answer with everything it has, however
 * unlikely; it has to be told that nobody has asked for that.
 */

/** Why VS Code is made to ask again: it had given up before the answer came, or there is more than the answer said. */
export type Reason = 'late' | 'longer';

interface Text {
  uri: string;
  version: number;
}

export class Reasks {
  private expected: Text | undefined;
  private readonly asked = new Map<Reason, Text>();

  /**
   * A request for this text is about to come. False if it must not: it was asked again for the same reason before, and would be for ever,
   * since an answer need not say all that the server has.
   */
  expect(text: Text, reason: Reason): boolean {
    if (same(this.asked.get(reason), text)) return false;
    this.asked.set(reason, text);
    this.expected = text;
    return true;
  }

  /** Whether a request is the expected one. It comes once; any request ends the waiting for it. */
  take(text: Text): boolean {
    const is = same(this.expected, text);
    this.expected = undefined;
    return is;
  }
}

function same(left: Text | undefined, right: Text): boolean {
  return left?.uri === right.uri && left.version === right.version;
}
