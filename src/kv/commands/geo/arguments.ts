/** Coordinates, distances and units as arguments, and as they are printed. */

import type { RespWriter } from '../../../core/wire/index.ts';
import type { Call } from '../../command/call.ts';
import { NOT_A_FLOAT, ReplyError } from '../../errors.ts';
import { LATITUDE_MAX, LONGITUDE_MAX, type Point } from './geohash.ts';

const UNITS_M: Readonly<Record<string, number>> = { M: 1, KM: 1000, FT: 0.3048, MI: 1609.34 };
const BAD_UNIT = new ReplyError('ERR unsupported unit provided. please use M, KM, FT, MI');
const BAD_RADIUS = new ReplyError('ERR need numeric radius');
const NEGATIVE_RADIUS = new ReplyError('ERR radius cannot be negative');
const BAD_WIDTH = new ReplyError('ERR need numeric width');
const BAD_HEIGHT = new ReplyError('ERR need numeric height');
const NEGATIVE_BOX = new ReplyError('ERR height or width cannot be negative');

/** Metres of the unit at an argument. */
export function unitAt(call: Call, index: number): number {
  const metres = UNITS_M[call.args.keyword(index)];
  if (metres === undefined) throw BAD_UNIT;
  return metres;
}

/** The point whose longitude and latitude stand at two arguments. */
export function pointAt(call: Call, index: number): Point {
  const longitude = call.float(index, NOT_A_FLOAT);
  const latitude = call.float(index + 1, NOT_A_FLOAT);
  if (Math.abs(longitude) > LONGITUDE_MAX || Math.abs(latitude) > LATITUDE_MAX) {
    throw new ReplyError(
      `ERR invalid longitude,latitude pair ${sixDecimals(longitude)},${sixDecimals(latitude)}`,
    );
  }
  return { longitude, latitude };
}

/** Lengths are kept in the unit asked for, which is also that of the reply. */
export interface Radius {
  readonly radiusM: number;
  readonly unitM: number;
}

export function radiusAt(call: Call, index: number): Radius {
  const radius = call.float(index, BAD_RADIUS);
  if (radius < 0) throw NEGATIVE_RADIUS;
  const unitM = unitAt(call, index + 1);
  return { radiusM: radius * unitM, unitM };
}

export interface Box {
  readonly widthM: number;
  readonly heightM: number;
  readonly unitM: number;
}

export function boxAt(call: Call, index: number): Box {
  const width = call.float(index, BAD_WIDTH);
  const height = call.float(index + 1, BAD_HEIGHT);
  if (width < 0 || height < 0) throw NEGATIVE_BOX;
  const unitM = unitAt(call, index + 2);
  return { widthM: width * unitM, heightM: height * unitM, unitM };
}

/** A distance with four decimals, rounded after it was scaled, as Redis 7.2 does. */
export function replyDistance(reply: RespWriter, distance: number): void {
  const scaled = distance * 10_000;
  let units = Math.floor(scaled);
  const rest = scaled - units;
  if (rest > 0.5 || (rest === 0.5 && units % 2 === 1)) units++;
  const digits = String(units).padStart(5, '0');
  reply.bulkText(`${digits.slice(0, -4)}.${digits.slice(-4)}`);
}

/** Longitude and latitude, with as many of 17 decimals as are no zeros at the end. */
export function replyPoint(reply: RespWriter, point: Point): void {
  reply.array(2);
  replyCoordinate(reply, point.longitude);
  replyCoordinate(reply, point.latitude);
}

function replyCoordinate(reply: RespWriter, degrees: number): void {
  const text = degrees.toFixed(17).replace(/\.?0+$/, '');
  if (reply.protocol === 3) reply.encoded(Buffer.from(`,${text}\r\n`));
  else reply.bulkText(text);
}

function sixDecimals(n: number): string {
  if (!Number.isFinite(n)) return n > 0 ? 'inf' : '-inf';
  if (Object.is(n, -0)) return '-0.000000';
  return Math.abs(n) < 1e21 ? n.toFixed(6) : `${BigInt(n)}.000000`;
}
