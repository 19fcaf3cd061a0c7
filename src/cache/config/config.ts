/** The settings of the cache: how much it keeps, and rules that routes name. */
import {
  type Conflict,
  decimal,
  duration,
  flag,
  group,
  list,
  path,
  type RecordOf,
  records,
  section,
  size,
  text,
  type ValuesOf,
} from '../../core/config/index.ts';
import { compressionFields, compressorFields } from '../compression/settings.ts';
import { keyConflicts, keyFields } from '../key/key-fields.ts';
import { SLICE_BYTES_MIN } from '../limits.ts';
import { purgeConflicts, purgeFields } from '../purge/purge-fields.ts';
import { lifetimeConflicts, lifetimeFields } from '../stage/lifetime-fields.ts';

const MEBIBYTE = 1024 * 1024;
const reloadable = true;

const rules = records(
  'How responses are cached; a route names its rule. `default` is there without being named.',
  {
    heuristicShare: decimal({
      default: 0.1,
      min: 0,
      max: 1,
      about: 'Of the time since the last modification that a response without times stays fresh.',
      reloadable,
    }),
    heuristicMaxMs: duration({
      default: 86_400_000,
      about: 'Such a response stays fresh no longer.',
      reloadable,
    }),
    graceMs: duration({
      default: 600_000,
      about: 'A stale response may be served for so long when the origin fails; 0: never.',
      change: 'The response itself may say more or less by stale-if-error, and forbid it.',
      reloadable,
    }),
    passMs: duration({
      default: 10_000,
      about: 'After a response that can not be stored, requests do not wait for one another.',
      reloadable,
    }),
    setCookies: flag({
      default: false,
      about: 'Whether responses with Set-Cookie are stored, and the cookies shared with everybody.',
      reloadable,
    }),
    clientDirectives: flag({
      default: true,
      about:
        'Whether what clients want by Cache-Control and Pragma is obeyed: the newest, nothing stale, only what is stored.',
      change: 'Off where clients are strangers: by `no-cache` each of them has the origin asked.',
      reloadable,
    }),
    cacheStatus: flag({
      default: true,
      about: 'Whether responses say how they were handled (Cache-Status, RFC 9211).',
      reloadable,
    }),
    explain: flag({
      default: false,
      about:
        'Whether responses say in Plinth-Explain how they came about: key, freshness, what decided.',
      change: 'While looking for a reason; it tells everybody what is stored.',
      reloadable,
    }),
    sliceBytes: size({
      default: 0,
      about:
        'Longer responses are fetched by Range and stored in slices of so many bytes, as clients ask for them; 0: whole.',
      change: 'For films and images of disks, of which most clients want a part: 1mb to 16mb.',
      reloadable,
    }),
    languages: list(
      text({
        default: '',
        about: 'A language tag.',
        pattern: /^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$/,
        wanted: 'a language tag such as de or pt-BR',
      }),
      {
        default: [],
        about:
          'Languages that there are, the one for all others first: Accept-Language is brought to one of them, for variants and for the server. Without any it is taken as it is.',
        max: 64,
        reloadable,
      },
    ),
    lifetimes: group('How long responses are kept beside what they say.', lifetimeFields),
    key: group('What of a request decides which stored response is meant.', keyFields),
    compression: group('Codings that are made of what is stored.', compressionFields),
  },
  { one: 'rule', max: 1000, reloadable },
);

const fields = {
  enabled: flag({ default: true, about: 'Whether the cache runs in this process.' }),
  memoryBytes: size({
    default: 256 * MEBIBYTE,
    min: 16 * MEBIBYTE,
    about: 'Memory for stored responses, all overhead included.',
  }),
  objectMaxBytes: size({
    default: 16 * MEBIBYTE,
    about: 'A longer body is passed on and not stored.',
    reloadable,
  }),
  compressor: group('The threads that compress, for all rules.', compressorFields),
  disk: group('The tier on a disk, behind the memory.', {
    sizeBytes: size({
      default: 0,
      about: 'What it may take of the disk; 0 for none.',
      change: 'When more is asked for than memory holds, or a restart must not begin empty.',
    }),
    path: path({ default: undefined, about: 'Its folder; without it one in `node.data`.' }),
  }),
  purge: group('Who may make it forget, and how often.', purgeFields),
  rules,
} as const;

export type CacheSettings = ValuesOf<typeof fields>;
export type RuleSettings = RecordOf<typeof rules.fields>;

export const cacheConfig = section(
  'cache',
  'The web cache (RFC 9111).',
  fields,
  ({ rules, purge, objectMaxBytes }) => [
    ...rules.flatMap((rule) => [
      ...within(`rules.${rule.name}.key`, keyConflicts(rule.key)),
      ...within(`rules.${rule.name}.lifetimes`, lifetimeConflicts(rule.lifetimes)),
      ...within(`rules.${rule.name}`, sliceConflicts(rule.sliceBytes, objectMaxBytes)),
    ]),
    ...within('purge', purgeConflicts(purge)),
  ],
);

/** What is wrong with the size of slices. */
export function sliceConflicts(sliceBytes: number, objectMaxBytes: number): Conflict[] {
  if (sliceBytes === 0) return [];
  if (sliceBytes < SLICE_BYTES_MIN) {
    return [{ key: 'slice', says: `is less than ${SLICE_BYTES_MIN} bytes` }];
  }
  return sliceBytes > objectMaxBytes
    ? [{ key: 'slice', says: 'is more than cache.object_max, so that no slice would be stored' }]
    : [];
}

function within(group: string, conflicts: readonly Conflict[]): Conflict[] {
  return conflicts.map(({ key, says }) => ({ key: `${group}.${key}`, says }));
}
