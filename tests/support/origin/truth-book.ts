/**
 * The truth of an origin: what each of its resources was in each of its versions, as bytes that follow from their
 * name, so that whoever gets some can tell whether they are right.
 *
 *     /<kind>/<n>   kind: how the origin lets it be cached; n: which one
 */

/** `kept` an hour, `brief` a second, `varying` by Lang, `checked` each time, `never` stored. */
export const KINDS = ['kept', 'brief', 'varying', 'checked', 'never', 'streamed'] as const;
export type Kind = (typeof KINDS)[number];
export const LANGUAGES = ['de', 'en', ''] as const;

export interface Resource {
  readonly path: string;
  readonly kind: Kind;
  /** Grows by one with each change. */
  version: number;
  /** Nothing older is to be seen by whoever asks from now on: that was purged. */
  floor: number;
}

const EACH = 24;
const CACHED_BYTES = 64 * 1024 * 1024;

export class TruthBook {
  readonly resources: readonly Resource[] = KINDS.flatMap((kind) =>
    Array.from({ length: EACH }, (_, n) => ({ path: `/${kind}/${n}`, kind, version: 1, floor: 0 })),
  );
  private readonly scale: number;
  private readonly bodies = new Map<string, Buffer>();
  private bytes = 0;

  /** @param scale how many times as long bodies are. */
  constructor(scale: number) {
    this.scale = scale;
  }

  find(path: string): Resource | undefined {
    return this.resources.find((each) => each.path === path);
  }

  /** @param language of a varying one; else ''. */
  body(path: string, language: string, version: number): Buffer {
    const name = `${path}|${language}|${version}`;
    const known = this.bodies.get(name);
    if (known !== undefined) return known;
    if (this.bytes > CACHED_BYTES) {
      this.bodies.clear();
      this.bytes = 0;
    }
    const made = bodyOf(name, this.scale);
    this.bodies.set(name, made);
    this.bytes += made.length;
    return made;
  }
}

export function etagOf(language: string, version: number): string {
  return `"${language}.${version}"`;
}

/** Null: it is none of ours. */
export function parseEtag(etag: string): { language: string; version: number } | null {
  const found = /^"(\w*)\.(\d+)"$/.exec(etag);
  return found === null ? null : { language: found[1] as string, version: Number(found[2]) };
}

/** From nothing but its name: most are short, some as long as several reads. */
function bodyOf(name: string, scale: number): Buffer {
  let state = 2166136261;
  for (const letter of name) state = Math.imul(state ^ letter.charCodeAt(0), 16777619);
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const bytes = (next() % 8 === 0 ? next() % 300_000 : next() % 9000) * scale;
  const body = Buffer.alloc(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4) body.writeUInt32LE(next(), at);
  body.write(name.slice(0, bytes));
  return body;
}
