/** A rule of the configuration, made ready for use. */

import { type CompressionSettings, DEFAULT_COMPRESSION } from '../compression/index.ts';
import type { RuleSettings } from '../config/config.ts';
import { languageNormaliser } from '../key/accept-language.ts';
import { DEFAULT_KEY_RULE } from '../key/key-fields.ts';
import { KeyMaker } from '../key/key-maker.ts';
import type { HeuristicRules, Normaliser } from '../policy/index.ts';
import { normaliseAcceptEncoding, normaliseAcceptLanguage } from '../policy/index.ts';
import { DEFAULT_LIFETIMES, type LifetimeRule, lifetimeRuleOf } from './lifetime-fields.ts';

export interface CacheRule {
  readonly name: string;
  readonly keys: KeyMaker;
  readonly heuristics: HeuristicRules;
  readonly lifetimes: LifetimeRule;
  readonly graceSeconds: number;
  readonly passMs: number;
  readonly setCookies: boolean;
  /** What clients want by Cache-Control and Pragma is obeyed. */
  readonly clientDirectives: boolean;
  readonly cacheStatus: boolean;
  /** Responses explain themselves. */
  readonly explain: boolean;
  /** Brings Accept-Language to one that there is; null: the server chooses among them. */
  readonly language: Normaliser | null;
  /** Null: nothing is compressed. */
  readonly compression: CompressionSettings | null;
  /** Large responses are fetched and stored in slices of so many bytes; 0: whole. */
  readonly sliceBytes: number;
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
  clientDirectives: true,
  cacheStatus: true,
  explain: false,
  sliceBytes: 0,
  languages: [],
  lifetimes: DEFAULT_LIFETIMES,
  key: DEFAULT_KEY_RULE,
  compression: DEFAULT_COMPRESSION,
};

const normalisers: ReadonlyMap<string, Normaliser> = new Map([
  ['accept-encoding', normaliseAcceptEncoding],
  ['accept-language', normaliseAcceptLanguage],
]);

export function ruleOf(settings: RuleSettings): CacheRule {
  const { name, heuristicShare, heuristicMaxMs, graceMs, passMs } = settings;
  const {
    clientDirectives,
    setCookies,
    cacheStatus,
    key,
    compression,
    explain,
    languages,
    sliceBytes,
  } = settings;
  const language = languages.length > 0 ? languageNormaliser(languages) : null;
  return {
    name,
    keys: new KeyMaker(key),
    heuristics: { share: heuristicShare, secondsMax: heuristicMaxMs / 1000 },
    lifetimes: lifetimeRuleOf(settings.lifetimes),
    graceSeconds: graceMs / 1000,
    passMs,
    setCookies,
    clientDirectives,
    cacheStatus,
    explain,
    sliceBytes,
    language,
    compression: compression.enabled ? compression : null,
    normalisers:
      language === null ? normalisers : new Map([...normalisers, ['accept-language', language]]),
  };
}
