/**
 * Hosts by patterns: `example.com` is itself, `*.example.com` all below it, however deep, and not itself; `*` is any
 * host. Case does not count.
 */

const LABELS = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

/** What is wrong with a pattern; undefined: nothing. */
export function hostPatternProblem(pattern: string): string | undefined {
  const lower = pattern.toLowerCase();
  const host = lower.startsWith('*.') ? lower.slice(2) : lower;
  if (lower === '*' || LABELS.test(host) || /^\[[0-9a-f:.]+\]$/.test(lower)) return undefined;
  return `has ${JSON.stringify(pattern)}, wanted a host or *.host`;
}

export class HostPatterns {
  private readonly exact = new Set<string>();
  private readonly below = new Set<string>();
  private readonly any: boolean;

  constructor(patterns: readonly string[]) {
    this.any = patterns.includes('*');
    for (const pattern of patterns) {
      const lower = pattern.toLowerCase();
      if (lower.startsWith('*.')) this.below.add(lower.slice(2));
      else this.exact.add(lower);
    }
  }

  /** @param host without a port, in any case. */
  has(host: string): boolean {
    if (host === '') return false;
    if (this.any) return true;
    const lower = host.toLowerCase();
    if (this.exact.has(lower)) return true;
    if (this.below.size === 0) return false;
    for (let dot = lower.indexOf('.'); dot !== -1; dot = lower.indexOf('.', dot + 1)) {
      // An empty label in front is no host below it.
      if (dot > 0 && this.below.has(lower.slice(dot + 1))) return true;
    }
    return false;
  }
}
