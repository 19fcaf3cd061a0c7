/** The settings of protection against attacks: what holds for all, and rules that routes name. */
import {
  type Conflict,
  choice,
  decimal,
  defaultsOf,
  duration,
  flag,
  group,
  integer,
  list,
  type RecordOf,
  records,
  secret,
  section,
  size,
  text,
  type ValuesOf,
} from '../../core/config/index.ts';
import { asnConflicts, countryConflicts, networkConflicts } from './place-lists.ts';

const reloadable = true;
const MIB = 1024 * 1024;

const words = (about: string) =>
  list(text({ default: '', about }), { default: [], about, reloadable, max: 10_000 });

const count = (standard: number, about: string) =>
  integer({ default: standard, max: 1_000_000_000, about, reloadable });

const adaptive = group('Attacks are seen by what is normal, which is learnt, and held back.', {
  enabled: flag({
    default: true,
    about: 'Whether the worst are held back in an attack.',
    reloadable,
  }),
  factor: decimal({
    default: 3,
    min: 1.5,
    max: 1000,
    about: 'So many times the learnt number of requests is too much, if something hurts.',
    reloadable,
  }),
  floorPerSecond: count(100, 'Requests a second that are never too much.'),
  offenderFactor: decimal({
    default: 4,
    min: 1.5,
    max: 1000,
    about: 'So many times what the busiest client asks otherwise makes an attacker.',
    reloadable,
  }),
  offenderFloorPerSecond: count(30, 'Requests a second that never make an attacker.'),
  lagMs: duration({
    default: 20,
    min: 1,
    about: 'It hurts when work waits this long for the processor.',
    reloadable,
  }),
  loadShare: decimal({
    default: 0.85,
    max: 1,
    about: 'It hurts when this share of the capacity is in use.',
    reloadable,
  }),
  learnMs: duration({
    default: 600_000,
    min: 10_000,
    about: 'Over what time is learnt what is normal.',
    reloadable,
  }),
  releaseMs: duration({
    default: 10_000,
    min: 500,
    about: 'Limits of those who have stopped are doubled after this time, again and again.',
    reloadable,
  }),
});

const penalties = group('Misdeeds add up to a block: timeouts, resets, bad requests, limits hit.', {
  enabled: flag({ default: true, about: 'Whether anybody is blocked for them.', reloadable }),
  points: integer({
    default: 200,
    min: 1,
    max: 100_000,
    about:
      'Points within about half a minute that block: 1 for a limit hit, 5 to 20 for a timeout.',
    reloadable,
  }),
  blockMs: duration({
    default: 60_000,
    min: 1000,
    about: 'How long the first block lasts; each further one twice as long.',
    reloadable,
  }),
  blockMaxMs: duration({ default: 3_600_000, min: 1000, about: 'At most.', reloadable }),
});

const rules = records(
  'How much clients may ask on routes that name the rule; without any, `default` has no limits of its own.',
  {
    perSecond: count(0, 'Requests a second of one client (IPv4 address, IPv6 /64); 0: no limit.'),
    burst: count(100, 'Requests that may come at once under it.'),
    widePerSecond: count(0, 'The same for all clients of an IPv4 /24 or IPv6 /48.'),
    wideBurst: count(1000, 'Requests that may come at once under it.'),
    concurrent: count(0, 'Requests of one client under way at once; 0: no limit.'),
    sentBytesPerSecond: size({
      default: 0,
      about: 'What one client is sent a second, of bodies, on the average; 0: no limit.',
      reloadable,
    }),
    sentBurstBytes: size({
      default: 64 * MIB,
      about: 'What it may be sent at once under it.',
      reloadable,
    }),
    over: choice(['429', 'close'], {
      default: '429',
      about: 'What becomes of requests over a limit: an answer, or the end of the connection.',
      reloadable,
    }),
    ranges: choice(['pass', 'ignore', 'refuse'], {
      default: 'ignore',
      about: 'What becomes of floods of ranges: passed on, answered whole, or with 416.',
      reloadable,
    }),
    rangesMax: integer({
      default: 32,
      min: 1,
      max: 1000,
      about: 'Ranges of one request that are no flood, unless more than two overlap.',
      reloadable,
    }),
    challenge: choice(['never', 'attack', 'always'], {
      default: 'never',
      about:
        'When browsers must first solve a task that costs them a second: while there is too much, or always.',
      reloadable,
    }),
    challengeBits: integer({
      default: 16,
      min: 4,
      max: 26,
      about: 'How hard the task is; one more makes it twice as hard. 16 takes a second or two.',
      reloadable,
    }),
    challengeHoldsMs: duration({
      default: 3_600_000,
      min: 60_000,
      max: 604_800_000,
      about: 'How long its solution opens the door.',
      reloadable,
    }),
  },
  { one: 'rule', max: 1000, reloadable },
);

export const guardFields = {
  memoryBytes: size({
    default: 8 * MIB,
    min: MIB,
    max: 1024 * MIB,
    about: 'What is remembered of clients takes this much, however many they are.',
  }),
  allowNetworks: words('Addresses and networks that are never held back.'),
  denyNetworks: words('Addresses and networks that get nothing.'),
  denyCountries: words('Countries that get nothing, by two letters (ISO 3166-1).'),
  denyAsns: words('Autonomous systems that get nothing, by their numbers.'),
  connectionsMax: count(
    1000,
    'Connections of one client at once, an IPv6 /64 is one client; 0: no limit. A listener takes 10,000 of all.',
  ),
  connectionsPerSecond: count(0, 'Connections a second of one client; 0: no limit.'),
  connectionsBurst: count(100, 'Connections that it may open at once under it.'),
  challengeKey: secret({
    about:
      'Key of solved tasks; without it one that follows from `edge.secret`, or is made at each start.',
    reloadable,
  }),
  adaptive,
  penalties,
  rules,
};

export type GuardSettings = ValuesOf<typeof guardFields>;
export type GuardRuleSettings = RecordOf<typeof rules.fields>;

/** What does not go together. @param key of the group, below the section: `guard`. */
export function guardConflicts(settings: GuardSettings, key: string): Conflict[] {
  const {
    penalties: { blockMs, blockMaxMs },
  } = settings;
  const found = [
    ...networkConflicts('allow_networks', settings.allowNetworks),
    ...networkConflicts('deny_networks', settings.denyNetworks),
    ...countryConflicts('deny_countries', settings.denyCountries),
    ...asnConflicts('deny_asns', settings.denyAsns),
    ...settings.rules.flatMap(ruleConflicts),
  ];
  if (blockMaxMs < blockMs) {
    found.push({ key: 'penalties.block_max', says: 'is less than block, the time of the first' });
  }
  if (settings.connectionsPerSecond > 0 && settings.connectionsBurst === 0) {
    found.push({ key: 'connections_burst', says: 'is 0, and no connection could be opened' });
  }
  return found.map((each) => ({ key: `${key}.${each.key}`, says: each.says }));
}

function ruleConflicts(rule: GuardRuleSettings): Conflict[] {
  const found: Conflict[] = [];
  const nothing = 'is 0, and no request could pass';
  if (rule.perSecond > 0 && rule.burst === 0) found.push({ key: 'burst', says: nothing });
  if (rule.widePerSecond > 0 && rule.wideBurst === 0)
    found.push({ key: 'wide_burst', says: nothing });
  if (rule.sentBytesPerSecond > 0 && rule.sentBurstBytes === 0) {
    found.push({ key: 'sent_burst', says: nothing });
  }
  return found.map(({ key, says }) => ({ key: `rules.${rule.name}.${key}`, says }));
}

/** The rule `default` when settings have none of that name. */
export const DEFAULT_RULE: GuardRuleSettings = {
  ...defaultsOf(section('rule', 'For a rule that nobody wrote.', rules.fields)),
  name: 'default',
};
