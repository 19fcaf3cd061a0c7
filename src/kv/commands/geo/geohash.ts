/**
 * Geohashes as sorted set scores: 26 bits of longitude and 26 of latitude, interleaved into an integer
 * of 52 bits, latitude in the even bits (https://redis.io/docs/latest/commands/geoadd/). Latitudes end
 * where the web's Mercator projection does.
 *
 * Computed step by step as Redis does, because the digits of a reply show every rounding.
 */

export const LONGITUDE_MAX = 180;
export const LATITUDE_MAX = 85.05112878;
/** Bits of each coordinate in a score. */
export const STEPS_MAX = 26;

/** Degrees. */
export interface Point {
  readonly longitude: number;
  readonly latitude: number;
}

/** A rectangle of the grid that divides either coordinate into 2^steps parts. */
export interface Cell {
  /** Column and row, from west and from south. */
  readonly x: number;
  readonly y: number;
  readonly steps: number;
}

export interface Bounds {
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
}

/** The cell of a point; `latitudeMax` 90 is what the geohash strings of the world use. */
export function cellOf(point: Point, steps: number, latitudeMax = LATITUDE_MAX): Cell {
  const parts = 2 ** steps;
  const x = (point.longitude + LONGITUDE_MAX) / (LONGITUDE_MAX - -LONGITUDE_MAX);
  const y = (point.latitude - -latitudeMax) / (latitudeMax - -latitudeMax);
  return { x: toCell(x * parts), y: toCell(y * parts), steps };
}

/** A C conversion to 32 bits: the eastern and northern edge stand in a cell of their own. */
function toCell(n: number): number {
  return Math.trunc(n) >>> 0;
}

/**
 * The cell `columns` to the east and `rows` to the north, around the world. A coordinate that does not
 * change keeps its value also when it is that of the edge.
 */
export function neighbour(cell: Cell, columns: number, rows: number): Cell {
  const mask = 2 ** cell.steps - 1;
  return {
    x: columns === 0 ? cell.x : (cell.x + columns) & mask,
    y: rows === 0 ? cell.y : (cell.y + rows) & mask,
    steps: cell.steps,
  };
}

export function boundsOf(cell: Cell): Bounds {
  const parts = 2 ** cell.steps;
  const width = LONGITUDE_MAX - -LONGITUDE_MAX;
  const height = LATITUDE_MAX - -LATITUDE_MAX;
  return {
    west: -LONGITUDE_MAX + (cell.x / parts) * width,
    east: -LONGITUDE_MAX + ((cell.x + 1) / parts) * width,
    south: -LATITUDE_MAX + (cell.y / parts) * height,
    north: -LATITUDE_MAX + ((cell.y + 1) / parts) * height,
  };
}

/** Scores of the points in a cell: from `from` up to but not including `to`. */
export function scoresOf(cell: Cell): { from: number; to: number } {
  const width = 4 ** (STEPS_MAX - cell.steps);
  const from = interleave(cell.x, cell.y) * width;
  return { from, to: from + width };
}

/** The score of a point. */
export function encodePoint(point: Point): number {
  const cell = cellOf(point, STEPS_MAX);
  return interleave(cell.x, cell.y);
}

/** The middle of the cell that a score names. */
export function decodeScore(score: number): Point {
  let low = score >>> 0;
  let high = Math.floor(score / 4294967296);
  if (!(score >= 0 && score <= Number.MAX_SAFE_INTEGER)) {
    // No GEOADD made it: as C converts a double to an unsigned integer of 64 bits.
    const bits = BigInt.asUintN(64, Number.isFinite(score) ? BigInt(Math.trunc(score)) : 1n << 63n);
    low = Number(bits & 0xffffffffn);
    high = Number(bits >> 32n);
  }
  const x = (evenBits(low >>> 1) + evenBits(high >>> 1) * 65536) >>> 0;
  const y = (evenBits(low) + evenBits(high) * 65536) >>> 0;
  const { west, east, south, north } = boundsOf({ x, y, steps: STEPS_MAX });
  return {
    longitude: clamp((west + east) / 2, LONGITUDE_MAX),
    latitude: clamp((south + north) / 2, LATITUDE_MAX),
  };
}

function clamp(n: number, max: number): number {
  return Math.max(-max, Math.min(max, n));
}

const BASE32 = '0123456789bcdefghjkmnpqrstuvwxyz';
const STRING_LENGTH = 11;

/** The geohash string of a point, 11 characters (https://en.wikipedia.org/wiki/Geohash). */
export function geohashString(point: Point): string {
  const { x, y } = cellOf(point, STEPS_MAX, 90);
  const bits = BigInt(interleave(x, y));
  let text = '';
  for (let i = 1; i <= STRING_LENGTH; i++) {
    // 52 bits fill ten characters; the last is padded, and Redis pads with zeros only.
    const shift = 52 - i * 5;
    text += shift < 0 ? BASE32[0] : BASE32[Number((bits >> BigInt(shift)) & 31n)];
  }
  return text;
}

/** Interleaves two numbers of 26 bits: `x` in the odd bits, `y` in the even ones. */
function interleave(x: number, y: number): number {
  const low = spread(y & 0xffff) + spread(x & 0xffff) * 2;
  const high = spread(y >>> 16) + spread(x >>> 16) * 2;
  return high * 4294967296 + low;
}

/** Puts a zero bit before each of 16 bits. */
function spread(n: number): number {
  let v = n;
  v = (v | (v << 8)) & 0x00ff00ff;
  v = (v | (v << 4)) & 0x0f0f0f0f;
  v = (v | (v << 2)) & 0x33333333;
  return ((v | (v << 1)) & 0x55555555) >>> 0;
}

/** The even bits of 32, as 16. */
function evenBits(n: number): number {
  let v = n & 0x55555555;
  v = (v | (v >>> 1)) & 0x33333333;
  v = (v | (v >>> 2)) & 0x0f0f0f0f;
  v = (v | (v >>> 4)) & 0x00ff00ff;
  return (v | (v >>> 8)) & 0xffff;
}
