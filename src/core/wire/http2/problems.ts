/**
 * Everything a peer can do wrong in HTTP/2: the code of the answer, whether it ends the stream or the
 * connection, and where RFC 9113 says so. Each is counted by its name; 'other' is not a problem.
 */
import { ErrorCode } from './constants.ts';

/** What one problem means. */
export interface ProblemRow {
  readonly ends: 'connection' | 'stream';
  readonly code: ErrorCode;
  readonly says: string;
}

const connection = (code: ErrorCode, says: string): ProblemRow => ({
  ends: 'connection',
  code,
  says,
});
const stream = (code: ErrorCode, says: string): ProblemRow => ({ ends: 'stream', code, says });
const malformed = (says: string): ProblemRow => stream(ErrorCode.protocolError, says);

const rows = {
  // Framing
  'bad-preface': connection(ErrorCode.protocolError, 'not the preface of a client (3.4)'),
  'settings-missing': connection(ErrorCode.protocolError, 'the first frame is not SETTINGS (3.4)'),
  'frame-too-large': connection(
    ErrorCode.frameSizeError,
    'a payload above SETTINGS_MAX_FRAME_SIZE (4.2)',
  ),
  'bad-frame-length': connection(
    ErrorCode.frameSizeError,
    'a length that the type of frame cannot have (4.2, 6.4-6.9)',
  ),
  'stream-id-missing': connection(
    ErrorCode.protocolError,
    'a frame of a stream without a stream (6.1-6.4, 6.10)',
  ),
  'stream-id-unwanted': connection(
    ErrorCode.protocolError,
    'a frame of the connection with a stream (6.5, 6.7, 6.8)',
  ),
  'bad-padding': connection(
    ErrorCode.protocolError,
    'padding as long as the payload or longer (6.1, 6.2)',
  ),
  'continuation-missing': connection(
    ErrorCode.protocolError,
    'another frame inside a head (4.3, 6.10)',
  ),
  'continuation-unwanted': connection(
    ErrorCode.protocolError,
    'CONTINUATION without a head before it (6.10)',
  ),
  'bad-compression': connection(
    ErrorCode.compressionError,
    'a head that cannot be decompressed (4.3; RFC 7541)',
  ),
  'push-unwanted': connection(
    ErrorCode.protocolError,
    'PUSH_PROMISE from a client, or where push is off (6.6, 8.4)',
  ),
  // Streams
  'idle-stream': connection(ErrorCode.protocolError, 'a frame of a stream not opened yet (5.1)'),
  'closed-stream': connection(ErrorCode.streamClosed, 'a frame of a stream that has ended (5.1)'),
  'bad-stream-id': connection(
    ErrorCode.protocolError,
    'a stream id that is even, or not above the ones before (5.1.1)',
  ),
  // Settings
  'bad-enable-push': connection(
    ErrorCode.protocolError,
    'SETTINGS_ENABLE_PUSH is not 0 or 1 (6.5.2)',
  ),
  'bad-initial-window': connection(
    ErrorCode.flowControlError,
    'SETTINGS_INITIAL_WINDOW_SIZE above 2^31-1 (6.5.2)',
  ),
  'bad-max-frame-size': connection(
    ErrorCode.protocolError,
    'SETTINGS_MAX_FRAME_SIZE out of its range (6.5.2)',
  ),
  'bad-connect-protocol': connection(
    ErrorCode.protocolError,
    'SETTINGS_ENABLE_CONNECT_PROTOCOL not 0 or 1, or taken back (RFC 8441, 3)',
  ),
  'settings-ack-unwanted': connection(
    ErrorCode.protocolError,
    'an acknowledgement of SETTINGS that were not sent (6.5.3)',
  ),
  'settings-timeout': connection(
    ErrorCode.settingsTimeout,
    'SETTINGS not acknowledged in time (6.5.3)',
  ),
  // Flow control
  'window-exceeded': connection(
    ErrorCode.flowControlError,
    'more octets than the window of the connection (6.9.1)',
  ),
  'stream-window-exceeded': stream(
    ErrorCode.flowControlError,
    'more octets than the window of the stream (6.9.1)',
  ),
  'window-overflow': connection(
    ErrorCode.flowControlError,
    'a window of the connection above 2^31-1 (6.9.1)',
  ),
  'stream-window-overflow': stream(
    ErrorCode.flowControlError,
    'a window of a stream above 2^31-1 (6.9.1)',
  ),
  'settings-window-overflow': connection(
    ErrorCode.flowControlError,
    'a window above 2^31-1 by SETTINGS_INITIAL_WINDOW_SIZE (6.9.2)',
  ),
  'zero-increment': connection(ErrorCode.protocolError, 'WINDOW_UPDATE of zero (6.9)'),
  'stream-zero-increment': malformed('WINDOW_UPDATE of zero for a stream (6.9)'),
  // One stream
  'half-closed-stream': stream(
    ErrorCode.streamClosed,
    'DATA or HEADERS behind the end of the stream (5.1)',
  ),
  'stream-refused': stream(
    ErrorCode.refusedStream,
    'more streams than SETTINGS_MAX_CONCURRENT_STREAMS (5.1.2)',
  ),
  'self-dependency': malformed('a stream that depends on itself (RFC 7540, 5.3.1)'),
  'idle-self-dependency': connection(
    ErrorCode.protocolError,
    'a stream not opened or closed that depends on itself (RFC 7540, 5.3.1)',
  ),
  'bad-priority-length': stream(ErrorCode.frameSizeError, 'PRIORITY without its five octets (6.3)'),
  // Messages
  'bad-field-name': malformed('a field name that is not a lower-case token (8.2.1)'),
  'bad-field-value': malformed('NUL, CR, LF or outer spaces in a field value (8.2.1)'),
  'connection-field': malformed('a field of a HTTP/1 connection (8.2.2)'),
  'bad-te': malformed('TE with something else than trailers (8.2.2)'),
  'unknown-pseudo-field': malformed('a pseudo-field that does not belong there (8.3)'),
  'late-pseudo-field': malformed('a pseudo-field behind a field (8.3)'),
  'double-pseudo-field': malformed('a pseudo-field twice (8.3)'),
  'missing-pseudo-field': malformed('a pseudo-field is missing (8.3.1, 8.3.2)'),
  'bad-method': malformed('a method that is not a token (8.3.1)'),
  'bad-scheme': malformed('a scheme that is not http or https (8.3.1)'),
  'bad-path': malformed('a path that is empty or has characters it may not have (8.3.1)'),
  'bad-authority': malformed('an authority that is not host and port, or with user info (8.3.1)'),
  'host-differs': malformed('Host twice, or another one than the authority (8.3.1)'),
  'bad-connect': malformed('CONNECT with scheme or path, or without authority (8.5)'),
  'bad-status': malformed('a status that is not three digits from 100, or is 101 (8.3.2, 8.6)'),
  'bad-content-length': malformed('a Content-Length that is no number, or twice (8.1.1)'),
  'length-mismatch': malformed('DATA that is not as long as Content-Length says (8.1.1)'),
  'unwanted-body': malformed('DATA in a response that can have none (8.1.1)'),
  'early-data-frame': malformed('DATA before the head of a response (8.1)'),
  'bad-trailer': malformed('a field in trailers that frames or routes the message (8.1)'),
  'open-trailers': malformed('trailers that do not end the stream (8.1)'),
  'ended-informational': malformed('an interim response that ends the stream (8.1)'),
  'head-too-large': stream(
    ErrorCode.enhanceYourCalm,
    'a head above SETTINGS_MAX_HEADER_LIST_SIZE or with too many fields (10.5.1)',
  ),
  // Floods
  'reset-flood': connection(
    ErrorCode.enhanceYourCalm,
    'streams opened and cancelled at once (10.5)',
  ),
  'provoked-reset-flood': connection(
    ErrorCode.enhanceYourCalm,
    'too many streams that had to be reset (10.5)',
  ),
  'settings-flood': connection(ErrorCode.enhanceYourCalm, 'too many SETTINGS (10.5)'),
  'ping-flood': connection(ErrorCode.enhanceYourCalm, 'too many PINGs (10.5)'),
  'empty-frame-flood': connection(
    ErrorCode.enhanceYourCalm,
    'too many frames with nothing in them (10.5)',
  ),
  'window-update-flood': connection(
    ErrorCode.enhanceYourCalm,
    'too many WINDOW_UPDATEs for what was sent (10.5)',
  ),
  'idle-frame-flood': connection(
    ErrorCode.enhanceYourCalm,
    'too many frames without an effect (10.5)',
  ),
  'continuation-flood': connection(
    ErrorCode.enhanceYourCalm,
    'a head in too many frames or octets (10.5.1)',
  ),
} satisfies Record<string, ProblemRow>;

export type Http2Problem = keyof typeof rows;
export const http2ProblemTable: Readonly<Record<Http2Problem, ProblemRow>> = rows;
