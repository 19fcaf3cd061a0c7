/**
 * Rows of server names (SNI): exact ones before wildcards, of wildcards the longest, then the default.
 *
 * `*.example.com` stands for every name below example.com, however deep, not for example.com itself, as
 * nginx and HAProxy read it. Names are compared in lower case and without a dot at the end.
 */

export interface NameRow<T> {
  readonly hosts: readonly string[];
  readonly value: T;
}

export class ServerNames<T> {
  private readonly exact = new Map<string, T>();
  private readonly below = new Map<string, T>();
  private readonly fallback: T | undefined;

  /** Of two rows with one name the earlier wins. `fallback` is for names in no row, and for no name. */
  constructor(rows: readonly NameRow<T>[], fallback: T | undefined) {
    this.fallback = fallback;
    for (const { hosts, value } of rows) {
      for (const host of hosts) {
        const name = plain(host);
        const wildcard = name.startsWith('*.');
        const table = wildcard ? this.below : this.exact;
        const key = wildcard ? name.slice(2) : name;
        if (!table.has(key)) table.set(key, value);
      }
    }
  }

  /** @param serverName empty when the client names none. */
  find(serverName: string): T | undefined {
    if (serverName === '') return this.fallback;
    const name = plain(serverName);
    const exact = this.exact.get(name);
    if (exact !== undefined) return exact;
    for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      const found = this.below.get(name.slice(dot + 1));
      if (found !== undefined) return found;
    }
    return this.fallback;
  }
}

function plain(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}
