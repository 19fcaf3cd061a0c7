/** The settings of the admin door. */
import { address, flag, port, section } from '../core/config/index.ts';

export const adminConfig = section(
  'admin',
  'The admin door: metrics, health and status over HTTP. Read-only and without a password.',
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
  },
);
