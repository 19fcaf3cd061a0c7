/** Pools: servers, how one is chosen, how they are watched and talked to. */
import {
  address,
  choice,
  decimal,
  duration,
  flag,
  group,
  integer,
  list,
  path,
  port,
  type RecordOf,
  records,
  required,
  secret,
  size,
  text,
} from '../../core/config/index.ts';
import { type PolicyName, policyTable } from '../policies/policy-table.ts';
import { reloadable, words } from './words.ts';

const POLICIES = Object.keys(policyTable) as PolicyName[];

export const servers = records(
  'Servers of the pool.',
  {
    address: required(
      text({
        default: undefined,
        about: 'host:port, [IPv6]:port or unix:/path.',
        reloadable,
      }),
    ),
    weight: integer({
      default: 1,
      max: 1000,
      about: 'Share of the work; 0: bound sessions only.',
      reloadable,
    }),
    priority: integer({ default: 0, max: 100, about: '0 is used first.', reloadable }),
    requestsMax: integer({
      default: 0,
      about: 'Requests and sessions at once; 0 for no limit.',
      reloadable,
    }),
    state: choice(['up', 'draining', 'maintenance'], {
      default: 'up',
      about: 'What an operator wants of it.',
      reloadable,
    }),
  },
  { one: 'server', max: 4096, reloadable },
);

const discovery = group('Servers found elsewhere, beside those listed.', {
  dns: text({
    default: undefined,
    about: 'host:port whose A and AAAA records are servers.',
    reloadable,
  }),
  srv: text({
    default: undefined,
    about: 'Name of SRV records: _http._tcp.example.com.',
    reloadable,
  }),
  file: path({
    default: undefined,
    about: 'YAML or JSON file with a list of servers, watched.',
    reloadable,
  }),
  registration: flag({
    default: false,
    about: 'Servers may register themselves on the admin API, with a heartbeat.',
    reloadable,
  }),
  everyMs: duration({
    default: 5_000,
    min: 100,
    about: 'Longest time between two looks at DNS, and the one for SRV, which has no TTL here.',
    reloadable,
  }),
  nameServers: words('DNS servers to ask, host:port; without any those of the system.'),
});

const health = group('Active checks.', {
  check: choice(['none', 'tcp', 'http', 'tls'], {
    default: 'tcp',
    about: 'What is tried.',
    reloadable,
  }),
  path: text({ default: '/', about: 'Target of an HTTP check.', reloadable }),
  method: text({ default: 'GET', about: 'Method of an HTTP check.', reloadable }),
  host: text({
    default: undefined,
    about: 'Host field, or name in TLS; default the address.',
    reloadable,
  }),
  statuses: text({
    default: '200-399',
    about: 'Statuses that are well: 200,204,300-399.',
    reloadable,
  }),
  body: text({ default: undefined, about: 'Text that must stand in the body.', reloadable }),
  port: port({ default: undefined, about: 'Port to check instead of the server’s.', reloadable }),
  intervalMs: duration({ default: 5_000, min: 50, about: 'Between two checks.', reloadable }),
  timeoutMs: duration({ default: 2_000, min: 10, about: 'For one check.', reloadable }),
  rise: integer({ default: 2, min: 1, max: 100, about: 'Good checks until it is up.', reloadable }),
  fall: integer({
    default: 3,
    min: 1,
    max: 100,
    about: 'Bad checks until it is down.',
    reloadable,
  }),
  slowStartMs: duration({ default: 0, about: 'Growing share after it came up.', reloadable }),
});

const outliers = group('Ejection of servers whose answers are bad.', {
  enabled: flag({ default: true, about: 'Whether servers are ejected.', reloadable }),
  consecutive: integer({ default: 5, min: 1, about: 'Gateway errors in a row.', reloadable }),
  ejectMs: duration({
    default: 30_000,
    min: 100,
    about: 'The first time; longer each time.',
    reloadable,
  }),
  ejectMaxMs: duration({ default: 300_000, min: 100, about: 'At most.', reloadable }),
  shareMax: decimal({
    default: 0.34,
    max: 1,
    about: 'Share of the pool that may be ejected.',
    reloadable,
  }),
});

const breaker = group('Circuit breaker of each server.', {
  enabled: flag({ default: false, about: 'Whether there is one.', reloadable }),
  failures: integer({ default: 10, min: 1, about: 'Failures in a row that open it.', reloadable }),
  share: decimal({ default: 0.5, max: 1, about: 'Share of failures that opens it.', reloadable }),
  openMs: duration({ default: 10_000, min: 100, about: 'Open before it probes.', reloadable }),
});

const persistence = group('Which server a session stays on.', {
  by: choice(['none', 'cookie', 'app-cookie', 'source', 'header'], {
    default: 'none',
    about: 'What a session is known by; TCP and UDP know source alone.',
    reloadable,
  }),
  name: text({ default: 'PLINTHID', about: 'Name of the cookie or header.', reloadable }),
  signed: flag({ default: false, about: 'Sign the inserted cookie.', reloadable }),
  key: secret({ about: 'Key of the cookie; without it one is made at each start.', reloadable }),
  strict: flag({ default: false, about: '503 when the server is gone.', reloadable }),
  maxAgeMs: duration({
    default: 3_600_000,
    min: 1000,
    about: 'How long a session is remembered.',
    reloadable,
  }),
  entries: integer({ default: 100_000, min: 1, about: 'Sessions remembered.', reloadable }),
});

const retries = group('Trying again.', {
  attempts: integer({
    default: 3,
    min: 1,
    max: 10,
    about: 'Attempts of a request, the first included.',
    reloadable,
  }),
  statuses: list(integer({ default: 0, about: 'A status.' }), {
    default: [],
    about: 'Statuses that are tried again on another server, beside broken connections.',
    reloadable,
  }),
  budget: decimal({
    default: 0.2,
    max: 1,
    about: 'Retries at most, as a share of requests; ten a second always may.',
    reloadable,
  }),
  bodyBytes: size({
    default: 65_536,
    max: 16_777_216,
    about: 'Bodies up to this size are kept to be sent again.',
    reloadable,
  }),
  hedgeMs: duration({
    default: 0,
    about: 'A second attempt when there is no answer by then; 0 for none.',
    reloadable,
  }),
});

const upstream = group('Connections to the servers.', {
  protocol: choice(['http1', 'http2'], {
    default: 'http1',
    about: 'What is spoken to them.',
    reloadable,
  }),
  source: address({
    default: undefined,
    about: 'Our end’s address, of streams; default the system’s choice.',
    change: 'When servers or firewalls know this machine by one of its addresses.',
    reloadable,
  }),
  host: text({
    default: undefined,
    about: 'Host field for them; default the one of the request.',
    reloadable,
  }),
  tls: flag({ default: false, about: 'Speak TLS to them.', reloadable }),
  tlsVerify: flag({ default: true, about: 'Check their certificates.', reloadable }),
  tlsName: text({
    default: undefined,
    about: 'Name in SNI and certificate; default the host.',
    reloadable,
  }),
  tlsCa: path({
    default: undefined,
    about: 'File of authorities, PEM; default those of the system.',
    reloadable,
  }),
  tlsCert: path({ default: undefined, about: 'File of our certificate, PEM.', reloadable }),
  tlsKey: path({ default: undefined, about: 'File of our key, PEM.', reloadable }),
  proxyProtocol: choice(['no', 'v1', 'v2'], {
    default: 'no',
    about: 'Send the client’s address ahead; each connection then serves one client.',
    reloadable,
  }),
  connectionsMax: integer({
    default: 0,
    about: 'Connections of HTTP to one server; 0 for no limit.',
    reloadable,
  }),
  idleMax: integer({ default: 256, about: 'Connections kept to one server.', reloadable }),
  idleMs: duration({
    default: 30_000,
    min: 10,
    about: 'How long an idle one is kept.',
    reloadable,
  }),
  queueMax: integer({ default: 1024, about: 'Requests that wait for one server.', reloadable }),
  queueMs: duration({ default: 10_000, min: 1, about: 'How long one waits.', reloadable }),
  connectMs: duration({ default: 5_000, min: 10, about: 'To connect.', reloadable }),
  headMs: duration({
    default: 60_000,
    about: 'To the head of the response; 0 for no limit.',
    reloadable,
  }),
  bodyMs: duration({
    default: 60_000,
    about: 'Without a byte of a body; 0 for no limit.',
    reloadable,
  }),
});

export const pools = records(
  'Servers that do the same.',
  {
    policy: choice(POLICIES, {
      default: 'weighted',
      about: 'How one is chosen; round-robin and least-connections do not look at weights.',
      reloadable,
    }),
    hashOn: choice(['source', 'header', 'cookie', 'path', 'query'], {
      default: 'source',
      about: 'What the keyed policies look at; of TCP and UDP it is always the source.',
      reloadable,
    }),
    hashName: text({
      default: undefined,
      about: 'Name of the header, cookie or parameter.',
      reloadable,
    }),
    boundFactor: decimal({
      default: 1.25,
      max: 100,
      about:
        'ring and maglev: load of a server at most so many times the average, 1 or more; 0 for no bound.',
      reloadable,
    }),
    panicShare: decimal({
      default: 0.2,
      max: 1,
      about: 'Share of healthy servers below which all are used.',
      reloadable,
    }),
    servers,
    discovery,
    health,
    outliers,
    breaker,
    persistence,
    retries,
    upstream,
  },
  { one: 'pool', max: 1024, reloadable, change: 'Add one for each kind of server.' },
);

export type PoolSettings = RecordOf<typeof pools.fields>;
export type ServerSettings = RecordOf<typeof servers.fields>;
