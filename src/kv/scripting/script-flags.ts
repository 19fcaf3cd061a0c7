/**
 * What a script says of itself: the flags of its first line or of its registration
 * (https://redis.io/docs/latest/develop/programmability/lua-api/#script_flags).
 */

/** Flags as bits. `compatible` is none of them: a script without a first line of its own. */
export const ScriptFlag = {
  noWrites: 1 << 0,
  allowOom: 1 << 1,
  allowStale: 1 << 2,
  noCluster: 1 << 3,
  allowCrossSlotKeys: 1 << 4,
  /** Says nothing of itself: it may write, and is refused only when it does. */
  compatible: 1 << 5,
} as const;

/** The names of the flags, in the order in which Redis lists them. */
export const FLAG_NAMES: ReadonlyMap<string, number> = new Map([
  ['no-writes', ScriptFlag.noWrites],
  ['allow-oom', ScriptFlag.allowOom],
  ['allow-stale', ScriptFlag.allowStale],
  ['no-cluster', ScriptFlag.noCluster],
  ['allow-cross-slot-keys', ScriptFlag.allowCrossSlotKeys],
]);

/** The names of the flags in `bits`. */
export function flagNames(bits: number): string[] {
  return [...FLAG_NAMES].filter(([, bit]) => (bits & bit) !== 0).map(([name]) => name);
}
