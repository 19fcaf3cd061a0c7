/**
 * Where Plinth is stricter than llhttp, and why. Each row is a problem of ours that llhttp may not see, with a
 * test, written another way than the parser, that the difference is of this kind: `holds` gets llhttp's view
 * of the message that we refused, and the whole stream.
 */
import { isIPv6 } from 'node:net';
import type { MessageView } from './view.ts';

export interface Stricter {
  readonly problem: string;
  readonly because: string;
  readonly holds: (theirs: MessageView, text: string) => boolean;
}

const values = (message: MessageView, name: string): string[] =>
  message.fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);

const AUTHORITY = /^([A-Za-z0-9._~-]{1,255}|\[[^\]]*\])(?::([0-9]{1,5}))?$/;
function isHost(text: string): boolean {
  const [, host = '', port = '0'] = AUTHORITY.exec(text) ?? [];
  if (host.startsWith('[') && !/^[0-9A-Fa-f:.]+$/.test(host.slice(1, -1))) return false;
  return Number(port) <= 65_535 && (host.startsWith('[') ? isIPv6(host.slice(1, -1)) : host !== '');
}

/** The forms of RFC 9112 section 3.2, with our bytes. */
function isTarget({ method, target }: MessageView): boolean {
  if (!/^[!-~]+$/.test(target) || /["<>#]/.test(target)) return false;
  if (target.split('?')[0]!.includes('\\')) return false;
  if (method === 'CONNECT') return isHost(target) && /:[0-9]+$/.test(target);
  if (target === '*') return method === 'OPTIONS';
  const absolute = /^https?:\/\/([^/?]*)/i.exec(target);
  return target.startsWith('/') || (absolute !== null && isHost(absolute[1]!));
}

const TOKENS = /^[ \t,]*(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*(?:,[ \t,]*|$))*$/;

const EXTENSIONS =
  /^[0-9a-f]+(?:;[!#$%&'*+.^_`|~0-9a-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9a-z-]+|"(?:[\t !#-[\]-~]|\\[\t -~])*"))?)+$/i;

/** The request line stands behind other line ends, which llhttp passes over in any number and form. */
const afterLineEnds = (method: string, text: string): boolean =>
  method !== '' && new RegExp(`[\\r\\n]${method} `).test(text);

export const stricter: readonly Stricter[] = [
  {
    problem: 'bad-request-line',
    because: 'there is no HTTP/0.9, a request line without a version',
    holds: ({ start }) => start.endsWith(' 9'),
  },
  {
    problem: 'bad-status-line',
    because: 'a reason phrase has no controls, RFC 9112 section 4',
    holds: ({ method, start }) =>
      method === '' && [...start].some((each) => each !== '\t' && (each < ' ' || each === '\x7f')),
  },
  {
    problem: 'bare-lf',
    because: 'no LF alone before the request line, nor behind the target of an HTTP/0.9 request',
    holds: ({ method, start }, text) => start.endsWith(' 9') || afterLineEnds(method, text),
  },
  {
    problem: 'bare-cr',
    because: 'no CR alone before the request line',
    holds: ({ method }, text) => afterLineEnds(method, text),
  },
  {
    problem: 'bad-chunk-extension',
    because: 'RFC 9112 section 7.1.1; llhttp takes empty names, and quotes inside of values',
    holds: (_, text) =>
      text.split('\r\n').some((line) => /^[0-9a-f]+;/i.test(line) && !EXTENSIONS.test(line)),
  },
  {
    problem: 'empty-lines',
    because: 'a few empty lines before a request, RFC 9112 section 2.2; llhttp takes any number',
    holds: (_, text) => text.includes('\r\n'.repeat(5)),
  },
  {
    problem: 'version-not-supported',
    because: 'only 1.0 and 1.1 are spoken; llhttp reads 0.9 and 2.0 as well',
    holds: ({ start }) => / (?:9|20)$/.test(start),
  },
  {
    problem: 'bad-version',
    because:
      'no empty lines before a response: RFC 9112 section 2.2 allows them before requests; one space; no ICE/1.0',
    holds: (_, text) => /(?:^|[\r\n])[\r\n]+HTTP\/|ICE\/1| {2}HTTP\//.test(text),
  },
  {
    problem: 'nul',
    because: 'a reason phrase has no controls, RFC 9112 section 4',
    holds: ({ method, start }) => method === '' && start.includes('\0'),
  },
  {
    problem: 'bad-target',
    because:
      'only bytes of URIs, only the four forms, http and https only, no fragment, no user, one space',
    holds: (message, text) => !isTarget(message) || text.includes(`${message.method}  `),
  },
  {
    problem: 'target-too-long',
    because: 'our limit',
    holds: ({ target }) => target.length > 8192,
  },
  {
    problem: 'missing-host',
    because: 'RFC 9112 section 3.2 demands Host in HTTP/1.1; llhttp leaves that to its user',
    holds: (message) => values(message, 'host').length === 0,
  },
  {
    problem: 'repeated-host',
    because: 'RFC 9112 section 3.2 forbids a second Host; llhttp leaves that to its user',
    holds: (message) => values(message, 'host').length > 1,
  },
  {
    problem: 'bad-host',
    because: 'the value of Host is checked; llhttp leaves that to its user',
    holds: (message) => values(message, 'host').some((host) => !isHost(host)),
  },
  {
    problem: 'bad-connection',
    because: 'Connection must be a list of tokens, and must not name Host or Content-Length',
    holds: (message) =>
      values(message, 'connection').some(
        (list) =>
          !TOKENS.test(list) || /(?:^|[ \t,])(?:host|content-length)(?:$|[ \t,])/i.test(list),
      ),
  },
  {
    problem: 'bad-expectation',
    because: 'an expectation that is not known is answered with 417, RFC 9110 section 10.1.1',
    holds: (message) =>
      values(message, 'expect').some((value) => value.toLowerCase() !== '100-continue'),
  },
  {
    problem: 'transfer-encoding-in-old-version',
    because: 'RFC 9112 section 6.1: HTTP/1.0 has no Transfer-Encoding',
    holds: (message) =>
      message.start.endsWith(' 10') && values(message, 'transfer-encoding').length > 0,
  },
  {
    problem: 'bad-transfer-encoding',
    because:
      'one `chunked` and nothing else; llhttp takes other codings in responses, empty ones, and does not see it before a tab',
    holds: (message, text) =>
      /transfer-encoding:[^\r\n]*\t *\r/i.test(text) ||
      values(message, 'transfer-encoding').length > 1 ||
      values(message, 'transfer-encoding').some((value) => value.toLowerCase() !== 'chunked'),
  },
  {
    problem: 'unknown-transfer-coding',
    because: 'one `chunked` and nothing else',
    holds: (message) =>
      values(message, 'transfer-encoding').some((value) => /,[ \t]*chunked$/i.test(value)),
  },
  {
    problem: 'repeated-content-length',
    because: 'a second Content-Length is refused whatever it says',
    holds: (message) => values(message, 'content-length').length > 1,
  },
  {
    problem: 'bad-content-length',
    because: 'digits only, at most 2^53 - 1; llhttp counts to 2^64 and takes an empty one',
    holds: (message) =>
      values(message, 'content-length').some(
        (value) => !/^[0-9]{1,16}$/.test(value) || Number(value) > Number.MAX_SAFE_INTEGER,
      ),
  },
  {
    problem: 'body-not-allowed',
    because: 'CONNECT and TRACE have no content, nor have 1xx and 204',
    holds: (message) =>
      ['CONNECT', 'TRACE'].includes(message.method) || /^(?:1..|204) /.test(message.start),
  },
  {
    problem: 'too-many-fields',
    because: 'our limit',
    holds: (message) => message.fields.length > 128 || message.trailers.length > 64,
  },
  {
    problem: 'bad-trailer',
    because:
      'fields of the framing and Host must not stand in a trailer section, RFC 9110 section 6.5.1',
    holds: (message) =>
      message.trailers.some(([name]) =>
        /^(?:host|content-length|transfer-encoding|(?:proxy-)?connection|upgrade)$/i.test(name),
      ),
  },
  {
    problem: 'chunk-too-large',
    because: 'thirteen digits are enough, leading zeros included',
    holds: (_, text) => /[0-9a-f]{14}/i.test(text),
  },
  {
    problem: 'bad-status',
    because: 'a status is between 100 and 599, RFC 9110 section 15',
    holds: ({ method, start }) => method === '' && !/^[1-5][0-9][0-9] /.test(start),
  },
  {
    problem: 'bad-switch',
    because: '101 needs Upgrade and Connection, RFC 9110 section 15.2.2',
    holds: (message) => message.start.startsWith('101 '),
  },
];
