/** The settings of the S3 door, a group of the section of the files. */
import {
  address,
  type Conflict,
  duration,
  flag,
  group,
  integer,
  list,
  port,
  type RecordOf,
  records,
  required,
  secret,
  size,
  text,
  type ValuesOf,
} from '../../core/config/index.ts';
import { tlsGroup } from '../tls-fields.ts';

const reloadable = true;

const limits = group('What one client of the S3 door may take.', {
  connections: integer({
    default: 10_000,
    min: 1,
    max: 1_000_000,
    about: 'Connections at once.',
    reloadable,
  }),
  connectionsPerAddress: integer({
    default: 0,
    about: 'Connections from one client address at once; 0 for no limit.',
    reloadable,
  }),
  headBytes: size({
    default: 32_768,
    min: 8192,
    max: 1_048_576,
    about: 'Head of a request.',
    reloadable,
  }),
});

const timeouts = group('How long a client of the S3 door may take.', {
  headMs: duration({
    default: 10_000,
    min: 10,
    about: 'To send the head of a request.',
    reloadable,
  }),
  idleMs: duration({ default: 60_000, min: 10, about: 'Between two requests.', reloadable }),
  bodyMs: duration({
    default: 30_000,
    min: 10,
    about: 'Without a byte of a body that is wanted.',
    reloadable,
  }),
  sendMs: duration({
    default: 30_000,
    min: 10,
    about: 'Without taking a byte of its answer.',
    reloadable,
  }),
});

export const s3Fields = {
  enabled: flag({ default: true, about: 'Whether the S3 door is open.' }),
  bind: address({ default: '127.0.0.1', about: 'Address of the S3 door.' }),
  port: port({ default: 9000, about: 'Port of the S3 door; 0 takes a free one.' }),
  region: text({
    default: 'us-east-1',
    pattern: /^[a-z0-9-]{1,64}$/,
    about: 'Region that buckets are said to be in.',
    change: 'When clients are set up with another region and make buckets.',
    reloadable,
  }),
  domains: list(text({ default: '', pattern: /^[a-z0-9.-]{1,253}$/, about: '' }), {
    default: [],
    max: 32,
    about:
      'Names of hosts below which the first label is a bucket: with s3.example.com, bucket.s3.example.com.',
    reloadable,
  }),
  users: records(
    'Access keys: who may come in.',
    {
      keyId: text({
        default: undefined,
        pattern: /^[\x21-\x7e]{1,128}$/,
        about: 'Access key id; the name unless told.',
        reloadable,
      }),
      secret: required(secret({ about: 'Secret access key.', reloadable })),
      user: text({
        default: undefined,
        pattern: /^[A-Za-z0-9._-]{1,64}$/,
        about: 'Id of the user, who may have several keys; the name unless told.',
        reloadable,
      }),
      displayName: text({
        default: undefined,
        max: 128,
        about: 'Name of the user in answers; the id unless told.',
        reloadable,
      }),
      email: text({
        default: undefined,
        max: 254,
        about: 'Address by which grants of ACLs may name the user.',
        reloadable,
      }),
      admin: flag({
        default: false,
        about: 'May do everything with the buckets of all users.',
        reloadable,
      }),
    },
    { one: 'access key', max: 10_000, reloadable },
  ),
  signatureV2: flag({
    default: true,
    about: 'Take Signature Version 2 too, of clients that know no later one.',
    change: 'To insist on Version 4, whose signatures cover the body.',
    reloadable,
  }),
  encryptionKey: secret({
    about:
      'Key that the data keys of SSE-S3 are wrapped with, 32 bytes in base64; without it one is made and kept in the data folder.',
    change:
      'To keep the key away from the data: before anything is encrypted, for what is encrypted needs its key ever after.',
  }),
  sseCOverHttp: flag({
    default: false,
    about: 'Take keys of clients (SSE-C) without TLS.',
    change: 'When something in front of the door ends TLS.',
    reloadable,
  }),
  lifecycleEveryMs: duration({
    default: 3_600_000,
    min: 1000,
    about: 'Time between two looks at what lifecycle rules say shall go.',
    reloadable,
  }),
  lifecycleDayMs: duration({
    default: 86_400_000,
    min: 1000,
    about: 'Length of a day in lifecycle rules.',
    change: 'To see within minutes what rules do. Objects go sooner than their rules say.',
    reloadable,
  }),
  tls: tlsGroup('S3'),
  limits,
  timeouts,
} as const;

export const s3Group = group('The S3 door.', s3Fields);

export type S3Settings = ValuesOf<typeof s3Fields>;
export type AccessKeySettings = RecordOf<typeof s3Fields.users.fields>;

/** What is wrong with settings that are right one by one; empty: nothing. */
export function s3Problems({ users, encryptionKey }: S3Settings): Conflict[] {
  const found: Conflict[] = [];
  const seen = new Set<string>();
  for (const { name, keyId } of users) {
    const id = keyId ?? name;
    if (seen.has(id))
      found.push({ key: `s3.users.${name}`, says: 'has the access key id of another' });
    seen.add(id);
  }
  if (encryptionKey !== undefined) {
    const text = encryptionKey.reveal();
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length !== 32 || bytes.toString('base64') !== text) {
      found.push({ key: 's3.encryption_key', says: 'is no base64 of 32 bytes' });
    }
  }
  return found;
}
