/** What the tier works with, from what it was asked for. */
import { invariant } from '../../core/base/index.ts';
import { HEADER_BYTES, roundUp, UNIT } from './format.ts';
import {
  bytesMaxMin,
  purgeBytesMax,
  purgeShare,
  queuedBytesMaxDefault,
  recordShare,
  recordsMaxDefault,
  recordsMaxMin,
  segmentBytesDefault,
  segmentBytesMax,
  segmentBytesMin,
  segmentsMax,
  segmentsMin,
} from './limits.ts';
import type { DiskTierOptions } from './types.ts';

export interface Settings {
  readonly bytesMax: number;
  readonly segmentBytes: number;
  readonly recordBytesMax: number;
  readonly recordsMax: number;
  readonly queuedBytesMax: number;
  /** Of one generation of the purge log. */
  readonly purgeFileBytesMax: number;
  /** Of the disk, for the purge log: two generations. */
  readonly reservedBytes: number;
}

/** The segment size that suits a tier, in bytes: a sixteenth, within bounds that keep few files open. */
export function segmentBytesFor(bytesMax: number): number {
  const usual = Math.min(segmentBytesDefault, bytesMax / (2 * segmentsMin));
  const least = Math.max(segmentBytesMin, bytesMax / (segmentsMax / 2));
  return roundUp(Math.min(segmentBytesMax, Math.max(usual, least)), UNIT);
}

export function settingsOf(options: DiskTierOptions): Settings {
  const { bytesMax } = options;
  invariant(bytesMax >= bytesMaxMin, 'a disk tier has at least bytesMaxMin');
  const segmentBytes = options.segmentBytes ?? segmentBytesFor(bytesMax);
  invariant(
    segmentBytes % UNIT === 0 &&
      segmentBytes >= segmentBytesMin &&
      segmentBytes <= Math.min(segmentBytesMax, bytesMax / segmentsMin),
    'segmentBytes is within its bounds',
  );
  const recordsMax = options.recordsMax ?? recordsMaxDefault;
  invariant(recordsMax >= recordsMaxMin, 'recordsMax is within its bounds');
  const purgeFileBytesMax = HEADER_BYTES + Math.min(purgeBytesMax, bytesMax / purgeShare);
  return {
    bytesMax,
    segmentBytes,
    recordBytesMax: segmentBytes / recordShare,
    recordsMax,
    queuedBytesMax: options.queuedBytesMax ?? queuedBytesMaxDefault,
    purgeFileBytesMax,
    reservedBytes: 2 * roundUp(purgeFileBytesMax, HEADER_BYTES),
  };
}
