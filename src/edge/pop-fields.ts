/** Settings of points of presence: where they are, how users and other PoPs reach them. */
import {
  address,
  decimal,
  flag,
  list,
  port,
  type RecordOf,
  records,
  required,
  text,
} from '../core/config/index.ts';
import type { Pop } from './pop.ts';

const reloadable = true;

export const pops = records(
  'Points of presence of the network; every process has the same list and takes the one that `edge.pop` names.',
  {
    city: text({ default: '', about: 'Its city, for people.', reloadable }),
    latitude: required(
      decimal({
        default: undefined,
        min: -90,
        max: 90,
        about: 'Degrees, north positive.',
        reloadable,
      }),
    ),
    longitude: required(
      decimal({
        default: undefined,
        min: -180,
        max: 180,
        about: 'Degrees, east positive.',
        reloadable,
      }),
    ),
    region: text({ default: '', about: 'What several PoPs have in common: `eu`.', reloadable }),
    capacity: decimal({
      default: 1,
      max: 1_000_000,
      about: 'Its share of users beside others at the same distance; 0 takes none.',
      reloadable,
    }),
    shield: flag({
      default: false,
      about: 'Misses of other PoPs meet here; it alone asks the origins.',
      reloadable,
    }),
    drained: flag({ default: false, about: 'Whether users are sent elsewhere.', reloadable }),
    addresses: list(text({ default: '', about: 'An address.' }), {
      default: [],
      about: 'Public addresses, IPv4 and IPv6, that DNS gives to users.',
      max: 64,
      reloadable,
    }),
    bind: address({ default: '127.0.0.1', about: 'Address that its listeners bind.' }),
    httpPort: port({ default: 80, about: 'Port for users without TLS; 0 takes a free one.' }),
    httpsPort: port({
      default: undefined,
      about: 'Port for users with TLS; without it there is none.',
    }),
    host: text({
      default: undefined,
      about: 'Name or address by which other PoPs reach it; default `bind`.',
      reloadable,
    }),
    tierPort: port({
      default: 8470,
      about: 'Port for requests of other PoPs, and for their checks of its health.',
    }),
    busPort: port({ default: 8471, about: 'Port for purges and what else PoPs tell each other.' }),
  },
  { one: 'PoP', max: 1000, reloadable, change: 'Add one for each place where the program runs.' },
);

export type PopSettings = RecordOf<typeof pops.fields>;

/** What the parts of the edge know of a PoP. */
export function popOf(settings: PopSettings): Pop {
  const { name, city, latitude, longitude, region, capacity, shield, drained } = settings;
  return {
    ...{ name, city, latitude, longitude, region, capacity, shield, drained },
    addresses: settings.addresses,
    bus: reachedAt(settings, settings.busPort),
    http: reachedAt(settings, settings.tierPort),
  };
}

/** host:port by which other PoPs reach a port; undefined for port 0, which nobody can know. */
export function reachedAt(pop: PopSettings, port: number): string | undefined {
  if (port === 0) return undefined;
  const name = reachedBy(pop);
  return name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`;
}

/** The name or address by which other PoPs reach it. */
export function reachedBy({ host, bind }: PopSettings): string {
  return host ?? bind;
}

/** The address that it speaks from: PoPs know each other by what they bind, unless they bind all. */
export function sourceOf({ bind }: PopSettings): string | undefined {
  return bind === '0.0.0.0' || bind === '::' || bind === 'localhost' ? undefined : bind;
}
