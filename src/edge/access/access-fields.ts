/** The settings of access to content: rules that routes name. */
import {
  type Conflict,
  choice,
  duration,
  flag,
  group,
  list,
  type RecordOf,
  records,
  required,
  secret,
  text,
} from '../../core/config/index.ts';
import { asnConflicts, countryConflicts, networkConflicts } from '../guard/place-lists.ts';
import { originProblem } from './cors-origins.ts';
import { hostPatternProblem } from './host-patterns.ts';

const reloadable = true;

const words = (about: string, standard: readonly string[] = []) =>
  list(text({ default: '', about }), { default: standard, about, reloadable });

const signed = group('Content that only bearers of a signature get: see docs/signed-urls.md.', {
  by: choice(['none', 'url', 'cookie', 'either'], {
    default: 'none',
    about: 'Where the signed policy stands: in a parameter of the address, in a cookie, in either.',
    reloadable,
  }),
  keys: records(
    'Keys that policies may be signed with; several while one takes over from another.',
    {
      secret: required(
        secret({ about: 'What policies are signed with, 16 characters or more.', reloadable }),
      ),
    },
    { one: 'key', max: 16, reloadable },
  ),
  parameter: text({
    default: 'token',
    about: 'Name of the parameter; it is taken out before cache and origin see the address.',
    pattern: /^[A-Za-z0-9_.-]{1,64}$/,
    wanted: '1 to 64 letters, digits, _, . and -',
    reloadable,
  }),
  cookie: text({
    default: 'plinth-token',
    about: 'Name of the cookie; it is taken out before the origin sees the request.',
    pattern: /^[A-Za-z0-9_.-]{1,64}$/,
    wanted: '1 to 64 letters, digits, _, . and -',
    reloadable,
  }),
  host: flag({
    default: true,
    about: 'Whether a signature holds for one host; otherwise for all hosts of the rule.',
    reloadable,
  }),
  query: words(
    'Names of other parameters that are signed too, `*` for all, without any none; nothing of them is signed with a prefix.',
    ['*'],
  ),
  lifetimeMaxMs: duration({
    default: 0,
    about: 'How far ahead the end of a policy may lie; 0: as far as its signer likes.',
    reloadable,
  }),
  skewMs: duration({
    default: 5_000,
    max: 600_000,
    about: 'How far the clock of the signer may be ahead of ours, for policies with a beginning.',
    reloadable,
  }),
  expiredStatus: choice(['403', '410'], {
    default: '403',
    about: 'Answer to a signature that was right and whose time is over.',
    reloadable,
  }),
});

const hotlink = group('Which sites may embed or link the content, by the field Referer.', {
  hosts: words(
    'Their hosts, `*.example.com` for all below one; without any there is no such rule.',
  ),
  sameHost: flag({
    default: true,
    about: 'The host of the request itself is one of them.',
    reloadable,
  }),
  allowEmpty: flag({
    default: true,
    about: 'Requests without a referrer pass: typed addresses, and browsers that keep it back.',
    reloadable,
  }),
  redirect: text({
    default: undefined,
    about: 'Others are sent to this address with 302 instead of 403.',
    reloadable,
  }),
});

const geo = group('Where clients may be.', {
  allowNetworks: words('Addresses and networks that pass whatever the lists below say.'),
  denyNetworks: words('Addresses and networks that do not.'),
  denyAsns: words('Numbers of autonomous systems that do not: `64496`.'),
  denyCountries: words('Countries that do not, by two letters (ISO 3166-1): `AQ`.'),
  onlyAsns: words('With any: all other autonomous systems do not.'),
  onlyCountries: words('With any: all other countries do not.'),
  unknown: choice(['allow', 'deny'], {
    default: 'deny',
    about: 'What becomes of clients of whom nothing is known, where only some are let in.',
    reloadable,
  }),
  status: choice(['403', '451'], {
    default: '403',
    about: 'The answer; 451 says that a law demands it (RFC 7725).',
    reloadable,
  }),
  blockedBy: text({
    default: undefined,
    about: 'Who demands it, an address for the field Link of a 451.',
    reloadable,
  }),
});

const cors = group('Scripts of which other origins may read the answers (Fetch standard, CORS).', {
  origins: words(
    'Origins, `https://*.example.com` for all below one, `*` for all; without any the edge leaves this to the origin.',
  ),
  methods: words('Methods they may use; `*` for any.', ['GET', 'HEAD']),
  headers: words('Request fields they may set beside the harmless ones; `*` for any.'),
  expose: words('Fields of responses they may read beside the harmless ones.'),
  credentials: flag({
    default: false,
    about: 'Whether cookies come along; the origins are then listed without `*` alone.',
    reloadable,
  }),
  maxAgeMs: duration({
    default: 600_000,
    max: 86_400_000,
    about: 'How long browsers keep the answer to a preflight.',
    reloadable,
  }),
});

export const accessRules = records(
  'Who gets at content, rules that routes name; decided on before the cache.',
  { geo, cors, hotlink, signed },
  { one: 'rule', max: 1000, reloadable },
);

export type AccessRuleSettings = RecordOf<typeof accessRules.fields>;

const SECRET_LENGTH_MIN = 16;

/** What does not go together. @param key of the records, below the section. */
export function accessConflicts(rules: readonly AccessRuleSettings[], key = 'access'): Conflict[] {
  return rules.flatMap((rule) =>
    [
      ...geoConflicts(rule),
      ...corsConflicts(rule),
      ...hotlinkConflicts(rule),
      ...signedConflicts(rule),
    ].map(({ key: below, says }) => ({ key: `${key}.${rule.name}.${below}`, says })),
  );
}

function signedConflicts({ signed: { by, keys } }: AccessRuleSettings): Conflict[] {
  const found: Conflict[] = keys
    .filter((each) => each.secret.reveal().length < SECRET_LENGTH_MIN)
    .map(({ name }) => ({
      key: `signed.keys.${name}.secret`,
      says: `is shorter than ${SECRET_LENGTH_MIN} characters, and can be guessed`,
    }));
  if (by !== 'none' && keys.length === 0) {
    found.push({ key: 'signed.by', says: `is ${by} and needs a key in signed.keys` });
  }
  return found;
}

function hotlinkConflicts({ hotlink: { hosts, redirect } }: AccessRuleSettings): Conflict[] {
  const found = hosts.flatMap((host): Conflict[] => {
    const problem = hostPatternProblem(host);
    return problem === undefined ? [] : [{ key: 'hotlink.hosts', says: problem }];
  });
  if (redirect !== undefined && !isSendable(redirect)) {
    found.push({ key: 'hotlink.redirect', says: 'is no address that can be sent' });
  }
  return found;
}

function geoConflicts({ geo: rule }: AccessRuleSettings): Conflict[] {
  const found: Conflict[] = [];
  found.push(...networkConflicts('geo.allow_networks', rule.allowNetworks));
  found.push(...networkConflicts('geo.deny_networks', rule.denyNetworks));
  found.push(...countryConflicts('geo.deny_countries', rule.denyCountries));
  found.push(...countryConflicts('geo.only_countries', rule.onlyCountries));
  found.push(...asnConflicts('geo.deny_asns', rule.denyAsns));
  found.push(...asnConflicts('geo.only_asns', rule.onlyAsns));
  if (rule.blockedBy !== undefined && !isSendable(rule.blockedBy)) {
    found.push({ key: 'geo.blocked_by', says: 'is no address that can be sent' });
  }
  return found;
}

function corsConflicts({ cors: rule }: AccessRuleSettings): Conflict[] {
  const found: Conflict[] = [];
  for (const origin of rule.origins) {
    const problem = originProblem(origin);
    if (problem !== undefined) found.push({ key: 'cors.origins', says: problem });
  }
  if (rule.credentials && rule.origins.includes('*')) {
    found.push({
      key: 'cors.credentials',
      says: 'lets every site read what its visitors are shown; cors.origins has to name those that may',
    });
  }
  for (const name of ['methods', 'headers', 'expose'] as const) {
    for (const word of rule[name]) {
      if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(word)) continue;
      found.push({ key: `cors.${name}`, says: `has ${JSON.stringify(word)}, which is no name` });
    }
  }
  return found;
}

/** Whether an address can stand in a field, between angle brackets or not. */
function isSendable(address: string): boolean {
  return /^[!#-;=?-Z\][_a-z~%]+$/.test(address);
}
