/** Finds the members of a sorted set whose scores are points in a shape. */
import type { Database } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { scoreRanks, ZsetCursor } from '../../values/zset/index.ts';
import { searchCells } from './areas.ts';
import { distanceInside, type Shape } from './distance.ts';
import { decodeScore, type Point, scoresOf } from './geohash.ts';

/** A member that was found; its bytes are good until the database changes. */
export interface Hit {
  readonly buf: Buffer;
  readonly start: number;
  readonly length: number;
  readonly score: number;
  readonly point: Point;
  readonly distanceM: number;
}

/** How hits are ordered and how many are wanted. */
export interface Selection {
  readonly order: 'none' | 'asc' | 'desc';
  /** 0: all. */
  readonly count: number;
  /** Any `count` hits will do. */
  readonly any: boolean;
}

const cursor = new ZsetCursor();

/** The hits in the order of the reply. */
export function search(
  db: Database,
  record: Address,
  shape: Shape,
  { order, count, any }: Selection,
): Hit[] {
  const hits = collect(db, record, shape, any && count > 0 ? count : Number.POSITIVE_INFINITY);
  // COUNT means the nearest, unless any will do.
  const sorted = order === 'none' && count > 0 && !any ? 'asc' : order;
  if (sorted === 'asc') hits.sort((a, b) => a.distanceM - b.distanceM);
  else if (sorted === 'desc') hits.sort((a, b) => b.distanceM - a.distanceM);
  return count > 0 && count < hits.length ? hits.slice(0, count) : hits;
}

function collect(db: Database, record: Address, shape: Shape, limit: number): Hit[] {
  const hits: Hit[] = [];
  for (const cell of searchCells(shape)) {
    const { from: min, to: max } = scoresOf(cell);
    const ranks = scoreRanks(db, record, { min, minOpen: false, max, maxOpen: true });
    cursor.begin(db, record, ranks.from);
    for (let rank = ranks.from; rank < ranks.to && cursor.next(); rank++) {
      const point = decodeScore(cursor.score);
      const distanceM = distanceInside(shape, point);
      if (Number.isNaN(distanceM)) continue;
      const { buf, start, length, score } = cursor;
      hits.push({ buf, start, length, score, point, distanceM });
      if (hits.length >= limit) return hits;
    }
  }
  return hits;
}
