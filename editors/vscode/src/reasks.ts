/**
 * Which requests for a suggestion are ours, though VS Code takes them for the user's. Pure.
 *
 * After `tacit/longer` VS Code is made to ask again. Where that counts as a key of the user's, the server would answer with everything it
 * has, however unlikely; it has to be told that nobody has asked for that.
 */
export class Reasks {
  private readonly expected = new Map<string, number>();

  /** A request for this version of the document is about to come. */
  expect(uri: string, version: number): void {
    this.expected.set(uri, version);
  }

  /** Whether a request is the expected one. It comes once; any request ends the waiting for it. */
  take(uri: string, version: number): boolean {
    const is = this.expected.get(uri) === version;
    this.expected.delete(uri);
    return is;
  }
}
