/** A rule of the configuration, made ready for use. */

import { type CompressionSettings, DEFAULT_COMPRESSION } from '../compression/index.ts';
import type { RuleSettings } from '../config.ts';
import { DEFAULT_KEY_RULE } from '../key/key-fields.ts';
import { KeyMaker } from '../key/key-maker.ts';
import type { HeuristicRules, Normaliser } from '../policy/index.ts';
import { normaliseAcceptEncoding } from '../policy/index.ts';

export interface CacheRule {
  readonly name: string;
  readonly keys: KeyMaker;
  readonly heuristics: HeuristicRules;
  readonly graceSeconds: number;
  readonly passMs: number;
  readonly setCookies: boolean;
  readonly cacheStatus: boolean;
  /** Null: nothing is compressed. */
  readonly compression: CompressionSettings | null;
  /** How fields that responses vary by are brought to one form. */
  readonly normalisers: ReadonlyMap<string, Normaliser>;
}

export const DEFAULT_RULE: RuleSettings = {
  name: 'default',
  heuristicShare: 0.1,
  heuristicMaxMs: 86_400_000,
  graceMs: 600_000,
  passMs: 10_000,
  setCookies: false,
  cacheStatus: true,
  key: DEFAULT_KEY_RULE,
  compression: DEFAULT_COMPRESSION,
};

const normalisers: ReadonlyMap<string, Normaliser> = new Map([
  ['accept-encoding', normaliseAcceptEncoding],
]);

export function ruleOf(settings: RuleSettings): CacheRule {
  const { name, heuristicShare, heuristicMaxMs, graceMs, passMs } = settings;
  const { setCookies, cacheStatus, key, compression } = settings;
  return {
    name,
    keys: new KeyMaker(key),
    heuristics: { share: heuristicShare, secondsMax: heuristicMaxMs / 1000 },
    graceSeconds: graceMs / 1000,
    passMs,
    setCookies,
    cacheStatus,
    compression: compression.enabled ? compression : null,
    normalisers,
  };
}
