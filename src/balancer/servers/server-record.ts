/** What a server's answers were like, as far as the ejection of outliers must remember. */
export class ServerRecord {
  /** Gateway errors in a row. */
  failuresInRow = 0;
  /** Answers and failures among them since the last look. */
  answers = 0;
  failures = 0;
  /** How often it was ejected, less one for each look that found it well. */
  ejections = 0;
  /** When its ejection ends, in monotonic milliseconds. */
  ejectedUntilMs = 0;
}
