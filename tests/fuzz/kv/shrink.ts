/**
 * Makes a failing sequence short: delta debugging over its steps.
 * Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002).
 */

/** The shortest sequence found, within `tries` runs, for which `fails` still holds. */
export async function shrink<T>(
  items: readonly T[],
  fails: (subset: readonly T[]) => Promise<boolean>,
  tries = 300,
): Promise<readonly T[]> {
  let current = items;
  let parts = 2;
  let left = tries;
  while (current.length > 1 && left > 0) {
    const size = Math.ceil(current.length / parts);
    let reduced = false;
    for (let at = 0; at < current.length && left > 0; at += size) {
      const subset = [...current.slice(0, at), ...current.slice(at + size)];
      left -= 1;
      if (!(await fails(subset))) continue;
      current = subset;
      parts = Math.max(2, parts - 1);
      reduced = true;
      break;
    }
    if (reduced) continue;
    if (size === 1) break;
    parts = Math.min(current.length, parts * 2);
  }
  return current;
}
