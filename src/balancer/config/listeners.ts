/** Listeners: where clients are accepted and what they may take. */
import {
  address,
  choice,
  duration,
  flag,
  group,
  integer,
  path,
  port,
  type RecordOf,
  records,
  required,
  size,
  text,
} from '../../core/config/index.ts';
import { reloadable, words } from './words.ts';

const listenerTls = group('TLS of a listener; on when it has a certificate.', {
  certificates: records(
    'Certificates, chosen by the name that a client asks for; the first is for all others.',
    {
      cert: required(path({ default: undefined, about: 'File of the chain, PEM.', reloadable })),
      key: required(
        path({ default: undefined, about: 'File of the private key, PEM.', reloadable }),
      ),
      ocsp: path({
        default: undefined,
        about:
          'File of what its authority says of it (OCSP, DER), sent in handshakes; read again with the certificate.',
        reloadable,
      }),
    },
    { one: 'certificate', max: 1000, reloadable },
  ),
  minVersion: choice(['TLSv1.2', 'TLSv1.3'], {
    default: 'TLSv1.2',
    about: 'Oldest version of TLS.',
    reloadable,
  }),
  ciphers: text({
    default: undefined,
    about:
      'Cipher list of OpenSSL; default those with forward secrecy and authenticated encryption.',
    max: 4096,
    reloadable,
  }),
  http2: flag({ default: true, about: 'Offer HTTP/2 by ALPN.', reloadable }),
  clientCa: path({
    default: undefined,
    about: 'File of the authorities that client certificates chain to.',
    reloadable,
  }),
  clients: choice(['no', 'optional', 'required'], {
    default: 'no',
    about: 'Whether clients must show a certificate.',
    reloadable,
  }),
  hstsMaxAgeMs: duration({
    default: 0,
    about: 'Strict-Transport-Security for so long; 0 for none.',
    reloadable,
  }),
});

const limits = group('What one client may take.', {
  connections: integer({
    default: 10_000,
    min: 1,
    max: 1_000_000,
    about: 'Connections of the listener at once.',
    reloadable,
  }),
  connectionsPerAddress: integer({
    default: 0,
    about: 'Connections from one client address at once; 0 for no limit.',
    reloadable,
  }),
  headBytes: size({
    default: 32_768,
    min: 1024,
    max: 1_048_576,
    about: 'Head of a request.',
    reloadable,
  }),
  fields: integer({
    default: 128,
    min: 8,
    max: 1024,
    about: 'Header fields of a request.',
    reloadable,
  }),
  targetBytes: size({
    default: 8192,
    min: 64,
    max: 65_536,
    about: 'Target (URL) of a request.',
    reloadable,
  }),
  bodyBytes: size({ default: 0, about: 'Body of a request; 0 for no limit.', reloadable }),
  requestsPerConnection: integer({
    default: 0,
    about: 'Requests after which a connection is closed; 0 for no limit.',
    reloadable,
  }),
});

const timeouts = group('How long a client may take.', {
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
    about: 'Without taking a byte of its response.',
    reloadable,
  }),
  requestMs: duration({
    default: 0,
    about: 'For a request from its head to the end of its response; 0 for no limit.',
    reloadable,
  }),
  tcpIdleMs: duration({
    default: 600_000,
    min: 10,
    about: 'Without a byte either way, of TCP and tunnels; UDP sessions end after udp_idle.',
    reloadable,
  }),
  udpIdleMs: duration({ default: 30_000, min: 10, about: 'Of a UDP session.', reloadable }),
});

export const listeners = records(
  'Where clients are accepted.',
  {
    protocol: choice(['http', 'tcp', 'tls-passthrough', 'udp'], {
      default: 'http',
      about:
        'What is spoken there: HTTP by the routes, TCP or UDP to a pool, or TLS that is not opened but passed on by its SNI.',
    }),
    bind: address({ default: '127.0.0.1', about: 'Address to listen on.' }),
    port: required(port({ default: undefined, about: 'Port; 0 takes a free one.' })),
    socket: path({
      default: undefined,
      about: 'Path of a Unix socket instead of address and port.',
    }),
    pool: text({
      default: undefined,
      about: 'Pool of a tcp or udp listener; of tls-passthrough the one for names without a row.',
      reloadable,
    }),
    names: records(
      'Of tls-passthrough: which SNI names go to which pool.',
      {
        hosts: words('Names, `*.example.com` for all below one.'),
        pool: required(text({ default: undefined, about: 'Their pool.', reloadable })),
      },
      { one: 'row of names', max: 1000, reloadable },
    ),
    tls: listenerTls,
    redirectToHttps: flag({
      default: false,
      about: 'Answer every request with a redirect to https.',
      reloadable,
    }),
    trusted: words(
      'Addresses and networks (10.0.0.0/8) whose X-Forwarded and Forwarded fields and PROXY headers are believed.',
    ),
    proxyProtocol: flag({
      default: false,
      about: 'Connections from trusted addresses begin with a PROXY protocol header, v1 or v2.',
      reloadable,
    }),
    http2Cleartext: flag({
      default: true,
      about: 'Accept HTTP/2 without TLS from clients that begin with its preface.',
      reloadable,
    }),
    allowConnect: flag({ default: false, about: 'Pass CONNECT on to the route.', reloadable }),
    limits,
    timeouts,
  },
  { one: 'listener', max: 256, reloadable },
);

export type ListenerSettings = RecordOf<typeof listeners.fields>;
