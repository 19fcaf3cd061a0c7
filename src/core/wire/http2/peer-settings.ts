/** What the peer has said of itself by SETTINGS (RFC 9113, 6.5). */
import {
  FRAME_SIZE_DEFAULT,
  FRAME_SIZE_MAX,
  SettingId,
  STREAM_ID_MAX,
  TABLE_SIZE_DEFAULT,
  WINDOW_DEFAULT,
  WINDOW_MAX,
} from './constants.ts';
import { uint32 } from './frame-input.ts';
import { writeSettings } from './frame-writer.ts';
import type { Http2Limits } from './limits.ts';
import type { Output } from './output.ts';
import type { Http2Problem } from './problems.ts';

/** Octets of one setting. */
export const SETTING_BYTES = 6;

export class PeerSettings {
  /** Bound of the table for our heads, and the lowest one that the last frame had on the way to it. */
  tableBytes: number = TABLE_SIZE_DEFAULT;
  tableBytesLow: number = TABLE_SIZE_DEFAULT;
  /** Streams that the peer allows us at once. */
  streamsMax = STREAM_ID_MAX;
  /** Octets that we may send on a new stream. */
  window: number = WINDOW_DEFAULT;
  frameBytesMax: number = FRAME_SIZE_DEFAULT;
  /** The largest head that the peer says it takes. */
  headBytesMax: number = Number.MAX_SAFE_INTEGER;
  /** The peer takes CONNECT with `:protocol` (RFC 8441). */
  connectProtocol = false;

  /** Takes the settings of a frame, in their order; unknown ones are ignored (6.5.2). Null when all is well. */
  read(buf: Buffer, start: number, length: number, fromServer: boolean): Http2Problem | null {
    this.tableBytesLow = this.tableBytes;
    for (let at = start; at < start + length; at += SETTING_BYTES) {
      const id = (buf[at]! << 8) | buf[at + 1]!;
      const problem = this.set(id, uint32(buf, at + 2), fromServer);
      if (problem !== null) return problem;
    }
    return null;
  }

  private set(id: number, value: number, fromServer: boolean): Http2Problem | null {
    switch (id) {
      case SettingId.headerTableSize:
        this.tableBytes = value;
        this.tableBytesLow = Math.min(this.tableBytesLow, value);
        return null;
      case SettingId.enablePush:
        return value > 1 || (value === 1 && fromServer) ? 'bad-enable-push' : null;
      case SettingId.maxConcurrentStreams:
        this.streamsMax = value;
        return null;
      case SettingId.initialWindowSize:
        if (value > WINDOW_MAX) return 'bad-initial-window';
        this.window = value;
        return null;
      case SettingId.maxFrameSize:
        if (value < FRAME_SIZE_DEFAULT || value > FRAME_SIZE_MAX) return 'bad-max-frame-size';
        this.frameBytesMax = value;
        return null;
      case SettingId.maxHeaderListSize:
        this.headBytesMax = value;
        return null;
      case SettingId.enableConnectProtocol:
        if (value > 1 || (value === 0 && this.connectProtocol)) return 'bad-connect-protocol';
        this.connectProtocol = value === 1;
        return null;
      default:
        return null;
    }
  }
}

/** Writes what we say of ourselves: our limits, where they are not the defaults of RFC 9113. */
export function writeOwnSettings(output: Output, limits: Http2Limits, server: boolean): void {
  const pairs: [number, number][] = [
    [SettingId.initialWindowSize, limits.streamWindowBytes],
    [SettingId.maxHeaderListSize, limits.headBytesMax],
  ];
  if (server) {
    pairs.push([SettingId.maxConcurrentStreams, limits.concurrentStreamsMax]);
    if (limits.connectProtocol) pairs.push([SettingId.enableConnectProtocol, 1]);
  } else {
    pairs.push([SettingId.enablePush, 0]);
  }
  if (limits.tableBytesMax !== TABLE_SIZE_DEFAULT) {
    pairs.push([SettingId.headerTableSize, limits.tableBytesMax]);
  }
  if (limits.frameBytesMax > FRAME_SIZE_DEFAULT) {
    pairs.push([SettingId.maxFrameSize, limits.frameBytesMax]);
  }
  writeSettings(output, pairs);
}
