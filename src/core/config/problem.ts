/**
 * A problem of a configuration: where it stands, what was met, what is wanted. Never thrown: the loader
 * returns all of them at once.
 */

/** Where a value was written. `line` and `column` count from 1 and are absent outside files. */
export interface Place {
  /** The file's name, `--set kv.port`, or `environment PLINTH_KV_PORT`. */
  readonly source: string;
  readonly line?: number;
  readonly column?: number;
}

export interface Problem {
  readonly place: Place;
  /** One sentence: the setting, the value met, the value wanted. */
  readonly text: string;
  /** What it is about, where that is known: `kv.tls.port`, `balancer.pools.app`. */
  readonly path?: string;
}

/** `plinth.yaml:3:9`, or the name of a source without lines. */
export function placeText(place: Place): string {
  return place.line === undefined
    ? place.source
    : `${place.source}:${place.line}:${place.column ?? 1}`;
}

export function problemText(problem: Problem): string {
  return `${placeText(problem.place)}: ${problem.text}`;
}

/** `; did you mean kv.port?` for the nearest of `known`, or nothing when none is near. */
export function didYouMean(met: string, known: Iterable<string>): string {
  const nearest = nearestName(met, known);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}

/** The known name with the fewest edits from `met`, at most a third of its length and two at least. */
export function nearestName(met: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestEdits = Math.max(2, Math.floor(met.length / 3)) + 1;
  for (const name of known) {
    const edits = editDistance(met.toLowerCase(), name.toLowerCase());
    if (edits < bestEdits) {
      best = name;
      bestEdits = edits;
    }
  }
  return best;
}

/** Edits with swaps of neighbours as one (optimal string alignment), since `prot` is a slip for `port`. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let edits = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, beforeLast[j - 2]! + 1);
      }
      row.push(edits);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
