/** The settings of the admin door. */
import { address, flag, port, secret, section } from '../../core/config/index.ts';

/** The file of the data folder that holds the generated token. */
export const ADMIN_TOKEN_FILE = 'admin-token';

export const adminConfig = section(
  'admin',
  'The admin door: metrics, health, status and live settings over HTTP.',
  {
    enabled: flag({
      default: true,
      about: 'Whether the door is open; without it `plinth status` has nobody to ask.',
    }),
    host: address({
      default: '127.0.0.1',
      about: 'Address to listen on.',
      change: 'Set 0.0.0.0 only in a network that you trust, for instance for a Prometheus there.',
    }),
    port: port({
      default: 9650,
      about: 'Port to listen on; 0 takes a free one.',
      change: 'Change it when several processes run on one machine.',
    }),
    token: secret({
      reloadable: true,
      about:
        'What reading and changing settings needs as `Authorization: Bearer`, at least 16 characters; without it a door on loopback takes the generated one in the file `admin-token` of the data folder, which only its owner may read, and another door none.',
      change: 'Set it to change settings from other machines.',
    }),
  },
  ({ token }) =>
    token === undefined || /^[\w~+/.-]{16,}=*$/.test(token.reveal())
      ? []
      : [{ key: 'token', says: 'wants at least 16 letters, digits and -._~+/ (RFC 6750)' }],
);
