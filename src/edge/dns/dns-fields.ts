/** Settings of the name server: where it answers, how often, and for which zones. */

import { networkProblemTable, parseNetwork } from '../../core/base/index.ts';
import {
  address,
  type Conflict,
  duration,
  flag,
  integer,
  list,
  port,
  type RecordOf,
  records,
  required,
  text,
  type ValuesOf,
} from '../../core/config/index.ts';
import { zoneConflicts } from './zone-conflicts.ts';

const reloadable = true;
const secondsMax = 0x7fffffff;

const words = (about: string, max = 1000) =>
  list(text({ default: '', about }), { default: [], about, reloadable, max });

const ttl = (defaultMs: number, about: string) =>
  duration({ default: defaultMs, max: secondsMax * 1000, about, reloadable });

const steered = records(
  'Names that are answered with the addresses of the PoP that suits the client.',
  {
    hosts: words('Names in the zone: `www`, `@` for the zone itself, `*` for all others.'),
    regions: words('Only PoPs of these regions; without any all.', 100),
    ttlMs: ttl(
      30_000,
      'How long resolvers may keep an answer: how soon users leave a PoP that fails.',
    ),
    alpn: words(
      'Protocols told by HTTPS records, as `h2`; without any there are no HTTPS records.',
      16,
    ),
  },
  { one: 'steering rule', max: 1_000, reloadable },
);

const zones = records(
  'Zones that it answers for.',
  {
    zone: required(
      text({ default: undefined, about: 'Name of the zone: `example.com`.', reloadable }),
    ),
    nameServers: words('Names of its servers, as the zone above has them; one at least.', 32),
    contact: text({
      default: 'hostmaster',
      about:
        'Mailbox of who is responsible, its `@` written as a dot; a name without a dot at its end is in the zone.',
      reloadable,
    }),
    serial: integer({ default: 1, max: 0xffffffff, about: 'Its version.', reloadable }),
    refreshMs: ttl(7_200_000, 'For secondary servers: between two looks.'),
    retryMs: ttl(900_000, 'For secondary servers: after a look that failed.'),
    expireMs: ttl(1_209_600_000, 'For secondary servers: how long to go on without the primary.'),
    ttlMs: ttl(300_000, 'How long resolvers may keep records that do not say so themselves.'),
    negativeTtlMs: ttl(60_000, 'How long they may remember that there is no such name or record.'),
    records: words(
      'Records as in a zone file, `name [ttl] type data`: `www 300 A 192.0.2.1`, `@ MX 10 mail`. A, AAAA, CNAME, TXT, SRV, HTTPS, SVCB, CAA, NS, MX, PTR, others as `TYPE99 \\# 2 abcd`.',
      10_000,
    ),
    steered,
  },
  { one: 'zone', max: 1_000, reloadable },
);

export const dnsFields = {
  port: port({
    default: undefined,
    about: 'Port of UDP and TCP; without it names are not answered. DNS has 53.',
    change: 'Set it on PoPs that are name servers of their zones.',
  }),
  listen: list(address({ default: '127.0.0.1', about: '' }), {
    default: [],
    about:
      'Addresses it answers at; without any the one that the PoP binds. A host with several has each named: what was asked at one of them by `0.0.0.0` may be answered from another.',
    max: 64,
  }),
  udpBytesMax: integer({
    default: 1_232,
    min: 512,
    max: 4_096,
    about:
      'Bytes of an answer by UDP at most; for longer ones clients come by TCP. The default is never cut on the way.',
    reloadable,
  }),
  clientSubnet: flag({
    default: true,
    about:
      'Whether the subnet that a resolver tells of its client (RFC 7871) decides, not its own address.',
    reloadable,
  }),
  nsid: text({
    default: '',
    max: 64,
    about: 'What is told to who asks which server this is (RFC 5001); empty: nothing.',
    reloadable,
  }),
  spillAbove: integer({
    default: 80,
    min: 1,
    max: 1_000,
    about:
      'Load of a PoP, percent of its capacity, above which some of its users are sent to the next.',
    reloadable,
  }),
  nearKm: integer({
    default: 150,
    max: 20_100,
    about:
      'PoPs that are farther than the nearest by no more share its users by their capacity, kilometres.',
    reloadable,
  }),
  responsesPerSecond: integer({
    default: 200,
    max: 1_000_000,
    about:
      'Equal answers by UDP to one network (/24, IPv6 /56) a second; more are dropped or cut, so that nobody is flooded in the name of a client. 0: no limit.',
    reloadable,
  }),
  errorsPerSecond: integer({
    default: 50,
    max: 1_000_000,
    about: 'The same for refusals and names that do not exist. 0: no limit.',
    reloadable,
  }),
  slip: integer({
    default: 2,
    max: 10,
    about:
      'Of answers above the limits each so manieth is sent cut, which lets real clients come by TCP; 1 all, 0 none.',
    reloadable,
  }),
  unlimited: words('Addresses and networks that the limits do not hold for.', 100),
  tcpConnectionsMax: integer({
    default: 1_000,
    min: 1,
    max: 1_000_000,
    about: 'Connections open at once.',
    reloadable,
  }),
  tcpPerClientMax: integer({
    default: 50,
    min: 1,
    max: 1_000_000,
    about: 'Of them from one address.',
    reloadable,
  }),
  tcpIdleMs: duration({
    default: 10_000,
    min: 100,
    max: 3_600_000,
    about: 'Silence after which one is closed.',
  }),
  zones,
};

export type DnsSettings = ValuesOf<typeof dnsFields>;
export type ZoneSettings = RecordOf<typeof zones.fields>;
export type SteeredSettings = RecordOf<typeof steered.fields>;

/** What is wrong with them; keys are those of their group. */
export function dnsConflicts(settings: DnsSettings): Conflict[] {
  const networks = settings.unlimited.flatMap((network) => {
    const parsed = parseNetwork(network);
    if (parsed.kind === 'network') return [];
    const says = `has ${JSON.stringify(network)}, which ${networkProblemTable[parsed.problem]}`;
    return [{ key: 'unlimited', says }];
  });
  return [...networks, ...zoneConflicts(settings.zones)];
}
