/**
 * What the store calls its memory limit and the figures of its tier: the one place to change when they
 * are called otherwise.
 */
import type { RespClient } from './resp-client.ts';
import { textOf } from './resp-reply.ts';

/** The setting of the memory that hot keys may take, bytes; without it all keys stay in memory. Section `kv`. */
export const TIER_MEMORY = 'tier_memory';

/** Names in INFO by what they mean here; counters count from the start of the server. */
const FIELDS = {
  hotKeys: 'tier_hot_keys',
  coldKeys: 'tier_cold_keys',
  memoryLimit: 'tier_memory_limit',
  loads: 'tier_loads',
  loadsWaited: 'tier_loads_waited',
  dropped: 'tier_dropped',
  missingAnswered: 'tier_missing_answered',
  flushes: 'tier_flushes',
} as const;

/** Figures of the tier; a server that has no tier shows none, and all are 0. */
export type TierFigures = { readonly [name in keyof typeof FIELDS]: number };

export interface Figures {
  readonly tier: TierFigures;
  /** Keys, values and their tables, bytes. */
  readonly usedBytes: number;
}

export async function readFigures(client: RespClient): Promise<Figures> {
  const [memory, tier] = await client.pipeline([
    ['INFO', 'memory'],
    ['INFO', 'tier'],
  ]);
  const text = `${textOf(memory!)}\n${textOf(tier!)}`;
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const figures = Object.entries(FIELDS).map(([key, name]) => [key, field(name)]);
  return {
    tier: Object.fromEntries(figures) as TierFigures,
    usedBytes: field('used_memory'),
  };
}
