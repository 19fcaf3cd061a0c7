/**
 * The cells in which a search has to look: the one of the centre and its eight neighbours, at a size
 * at which they cover the shape, without those that it does not reach.
 */
import { boundsAround, reachM, type Shape } from './distance.ts';
import { type Bounds, boundsOf, type Cell, cellOf, neighbour, STEPS_MAX } from './geohash.ts';

/** Half the length of the equator in the Mercator projection, metres. */
const MERCATOR_MAX_M = 20037726.37;

/** Neighbours in the order of Redis, which shows in unsorted replies: columns east, rows north. */
const AROUND: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [-1, 1],
  [1, -1],
  [-1, -1],
];

/** The cells to look in, in order; never one twice in a row. */
export function searchCells(shape: Shape): Cell[] {
  const bounds = boundsAround(shape);
  let steps = estimateSteps(reachM(shape), shape.center.latitude);
  if (steps > 1 && !covers(cellOf(shape.center, steps), bounds)) steps--;
  const center = cellOf(shape.center, steps);
  const own = boundsOf(center);
  const cells: Cell[] = [];
  for (const [columns, rows] of AROUND) {
    if (steps >= 2 && beyond(own, bounds, columns, rows)) continue;
    const cell = neighbour(center, columns, rows);
    // In grids of two parts the neighbours on either side are the same. The centre itself is not
    // compared with, as in Redis.
    const last = cells.length > 1 ? cells[cells.length - 1] : undefined;
    if (last !== undefined && last.x === cell.x && last.y === cell.y) continue;
    cells.push(cell);
  }
  return cells;
}

/** Whether the shape ends before the cell does on a side that this neighbour lies on. */
function beyond(own: Bounds, shape: Bounds, columns: number, rows: number): boolean {
  return (
    (rows < 0 && own.south < shape.south) ||
    (rows > 0 && own.north > shape.north) ||
    (columns < 0 && own.west < shape.west) ||
    (columns > 0 && own.east > shape.east)
  );
}

/** Whether a cell with its neighbours covers a rectangle. */
function covers(center: Cell, bounds: Bounds): boolean {
  return !(
    boundsOf(neighbour(center, 0, 1)).north < bounds.north ||
    boundsOf(neighbour(center, 0, -1)).south > bounds.south ||
    boundsOf(neighbour(center, 1, 0)).east < bounds.east ||
    boundsOf(neighbour(center, -1, 0)).west > bounds.west
  );
}

/** Bits a coordinate at which cells are about as large as the search reaches. */
function estimateSteps(radiusM: number, latitude: number): number {
  if (radiusM === 0) return STEPS_MAX;
  let steps = 1;
  for (let reach = radiusM; reach < MERCATOR_MAX_M; reach *= 2) steps++;
  steps -= 2;
  // Cells are narrower towards the poles.
  if (latitude > 66 || latitude < -66) {
    steps--;
    if (latitude > 80 || latitude < -80) steps--;
  }
  return Math.max(1, Math.min(STEPS_MAX, steps));
}
