/**
 * What becomes of fetches of slices when their heads come.
 *
 *     head ─▶ the slice                     stored and read along like any other response
 *         ├─▶ a part that is everything     a whole response of the URL: what is no larger than a slice has none
 *         ├─▶ all of it, a redirect, error  an answer to the requests as the clients made them
 *         └─▶ another part, no validator    of no use: those who wait ask as if there were no slices
 */
import { BodyKind, FieldId, type ResponseHead } from '../../core/wire/index.ts';
import type { Flight } from '../flights/flight.ts';
import { becomeWhole, parseContentRange, readSlice } from '../ranges/index.ts';
import { type SliceName, sliceOfKey } from './slice-key.ts';
import type { StageParts } from './stage-parts.ts';
import type { Visit } from './visit.ts';

/** The head of a fetch has come. False: the fetch is over, and all who waited know. */
export function takeSlice(parts: StageParts, flight: Flight, head: ResponseHead): boolean {
  const name = sliceOfKey(flight.resource.key);
  if (name === null) return true;
  const read = readSlice(head.status, head.fields, name.asked, null, parts.wallMs());
  const wholeBytes = wholeOf(head);
  if (read.kind === 'slice' && wholeBytes === -1) {
    flight.sliceBytes = read.part.end - read.part.start;
    return true;
  }
  if (wholeBytes !== -1) becomeWhole(head, wholeBytes);
  else if (read.kind !== 'whole' && read.kind !== 'other') {
    refuse(parts, flight, name, read.kind === 'short');
    return false;
  }
  // What the status of an error says of the representation is not for long.
  moveToUrl(parts, flight, name, head.status === 200);
  return true;
}

/** Slices of it are of no use: for a while nobody asks for them. */
export function passSlices(parts: StageParts, flight: Flight, why: string): void {
  const name = sliceOfKey(flight.resource.key);
  if (name === null) return;
  const { objects, space, rule } = parts;
  objects.markPass(objects.resourceOf(space, name.key), parts.wallMs() + rule.passMs, why);
}

function refuse(parts: StageParts, flight: Flight, { key }: SliceName, short: boolean): void {
  const { objects, space, rule } = parts;
  parts.counts.refuse('slice');
  if (!short) {
    objects.markPass(objects.resourceOf(space, key), parts.wallMs() + rule.passMs, 'slice');
  }
  if (flight.validates !== null) objects.remove(flight.validates);
  const visits = flight.takeWaiting();
  flight.dismiss();
  for (const { slice } of visits) slice?.refuse(short);
}

/** It goes on as a fetch of the URL, for the clients themselves. */
function moveToUrl(parts: StageParts, flight: Flight, { key }: SliceName, changed: boolean): void {
  const { objects, space } = parts;
  const { resource } = flight;
  if (flight.validates !== null) objects.remove(flight.validates);
  flight.moveTo(objects.resourceOf(space, key), ({ slice }: Visit) => {
    return slice === null ? null : slice.handOver(changed);
  });
  flight.asked.removeAll(FieldId.range);
  // Nothing is known of the slice any more.
  objects.forget(resource);
}

/** Length of the representation when a 206 brings all of it at once, else -1. */
function wholeOf({ status, fields, body, contentLength }: ResponseHead): number {
  if (status !== 206 || body !== BodyKind.length) return -1;
  const index = fields.find(FieldId.contentRange);
  if (index === -1 || fields.find(FieldId.contentRange, index + 1) !== -1) return -1;
  const range = parseContentRange(fields.value(index));
  if (range === null || range.part === null || range.part.start !== 0) return -1;
  const { end } = range.part;
  return end === range.lengthBytes && end === contentLength ? end : -1;
}
