/** Numbers of RFC 9113: frames, flags, settings, error codes. */

/** Types of frames (section 6; PRIORITY_UPDATE is RFC 9218, 7.1). */
export const FrameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
  priorityUpdate: 0x10,
} as const;

/** Flags of frames; which ones a frame may have depends on its type, the others are ignored (4.1). */
export const Flag = {
  ack: 0x1,
  endStream: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

/** Settings (6.5.2; enable-connect-protocol is RFC 8441, 3; no-rfc7540-priorities is RFC 9218, 2.1). */
export const SettingId = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
  enableConnectProtocol: 0x8,
  noRfc7540Priorities: 0x9,
} as const;

/** Codes of RST_STREAM and GOAWAY (section 7). */
export const ErrorCode = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
  http11Required: 0xd,
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** Octets before the payload of a frame (4.1). */
export const FRAME_HEAD_BYTES = 9;
/** Every endpoint takes payloads of this size (4.2). */
export const FRAME_SIZE_DEFAULT = 16_384;
export const FRAME_SIZE_MAX = 16_777_215;
/** Window of a connection, and of a stream until SETTINGS say otherwise (6.9.2). */
export const WINDOW_DEFAULT = 65_535;
/** No window may become larger (6.9.1); also the largest stream id. */
export const WINDOW_MAX = 2_147_483_647;
export const STREAM_ID_MAX = 2_147_483_647;
/** Bound of the header compression table until SETTINGS say otherwise. */
export const TABLE_SIZE_DEFAULT = 4096;

/** What a client sends first (3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
