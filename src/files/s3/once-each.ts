/** Reads each text once: documents of buckets are asked for by every request and change hardly ever. */

/** The same function, which remembers the last texts. What it gives is shared and must not be changed. */
export function onceEach<T>(parse: (text: string) => T, max = 256): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const value = parse(text);
    if (known.size >= max) known.clear();
    known.set(text, value);
    return value;
  };
}
