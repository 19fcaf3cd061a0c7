/** Replacements of parts of a text, gathered first and made at once; offsets are those of the old text. */

interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

export class Splices {
  readonly #all: Splice[] = [];

  /** Parts must not overlap; several insertions at one offset come in the order in which they are given. */
  replace(from: number, to: number, text: string): void {
    this.#all.push({ from, to, text });
  }

  insert(at: number, text: string): void {
    this.replace(at, at, text);
  }

  /** The part `from`..`to` of the old text as it becomes. */
  apply(old: string, from = 0, to = old.length): string {
    let result = '';
    let at = from;
    for (const splice of this.#all.toSorted((a, b) => a.from - b.from)) {
      if (splice.from < from || splice.to > to) continue;
      result += old.slice(at, splice.from) + splice.text;
      at = splice.to;
    }
    return result + old.slice(at, to);
  }
}
