/** The settings of the WebHDFS door, a group of the section of the files. */
import {
  address,
  flag,
  group,
  integer,
  list,
  port,
  records,
  text,
  type ValuesOf,
} from '../../core/config/index.ts';
import { tlsGroup } from '../tls-fields.ts';

const reloadable = true;
const USER = /^[A-Za-z_][A-Za-z0-9._-]{0,254}\$?$/;

const fields = {
  enabled: flag({ default: true, about: 'Whether the WebHDFS door is open.' }),
  bind: address({
    default: '127.0.0.1',
    about: 'Address of the WebHDFS door, which believes each client who it says it is.',
    change: 'When all who reach the address are to be trusted.',
  }),
  port: port({ default: 9870, about: 'Port of the WebHDFS door; 0 takes a free one.' }),
  advertised: text({
    default: undefined,
    pattern: /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?$/,
    about: 'Host and port that redirects name; unless told the one that the client has come to.',
    change: 'When clients come through something that changes the Host of their requests.',
    reloadable,
  }),
  superuser: text({
    default: 'plinth',
    pattern: USER,
    about: 'User who may do everything, and whom files that come by S3 belong to: plinth.',
    reloadable,
  }),
  anonymous: text({
    default: 'dr.who',
    pattern: USER,
    about: 'User that a client without user.name is.',
    reloadable,
  }),
  users: records(
    'Groups of users.',
    {
      groups: list(text({ default: '', pattern: USER, about: '' }), {
        default: [],
        max: 256,
        about: 'Names of the groups that the user is in.',
        reloadable,
      }),
    },
    { one: 'user', max: 10_000, reloadable },
  ),
  trashMinutes: integer({
    default: 0,
    max: 52_560_000,
    about:
      'Minutes for which what is deleted stays in the trash of its user; 0: it is gone at once.',
    change: 'When people delete by mistake.',
    reloadable,
  }),
  trashCheckpointMinutes: integer({
    default: 0,
    max: 52_560_000,
    about: 'Minutes after which the trash gets a new folder; 0: as many as it stays.',
    reloadable,
  }),
  objectMode: text({
    default: '600',
    pattern: /^[0-7]{3}$/,
    about:
      'Mode that files get which come by S3, in octal; directories also have x where it has r.',
    change:
      'To 644 when users of WebHDFS may read all that is stored by S3, whatever its policies say.',
    reloadable,
  }),
  tls: tlsGroup('WebHDFS'),
  connections: integer({
    default: 10_000,
    min: 1,
    max: 1_000_000,
    about: 'Connections at once.',
    reloadable,
  }),
} as const;

export const webHdfsGroup = group('The WebHDFS door.', fields);

export type WebHdfsSettings = ValuesOf<typeof fields>;
