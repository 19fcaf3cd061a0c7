/** LATENCY GRAPH: the samples of an event as columns of characters. */
import type { LatencySeries } from '../../engine/latency.ts';

const ROWS = 4;
const LEVELS = ['_', 'o', '#'];
/** Columns shown, the newest. */
const COLUMNS_MAX = 80;

/**
 * Columns from the least sample at the bottom to the greatest at the top, and below each how long ago it
 * was, from top to bottom.
 */
export function latencyGraph(event: string, series: LatencySeries, nowSeconds: number): string {
  const samples = series.samples.slice(-COLUMNS_MAX);
  const times = samples.map(({ ms }) => ms);
  const high = Math.max(...times);
  const low = Math.min(...times);
  const steps = ROWS * LEVELS.length;
  const heights = times.map((ms) =>
    high === low ? 0 : Math.round(((ms - low) / (high - low)) * (steps - 1)),
  );
  const lines = [`${event} - high ${high} ms, low ${low} ms (all time high ${series.maxMs} ms)`];
  lines.push('-'.repeat(80));
  for (let row = ROWS - 1; row >= 0; row--) {
    const line = heights.map((height) => columnAt(height, row)).join('');
    if (line.trim() !== '') lines.push(line.trimEnd());
  }
  const labels = samples.map(({ time }) => ago(nowSeconds - time));
  const depth = Math.max(...labels.map((label) => label.length));
  lines.push('');
  for (let i = 0; i < depth; i++) {
    lines.push(
      labels
        .map((label) => label[i] ?? ' ')
        .join('')
        .trimEnd(),
    );
  }
  return `${lines.join('\n')}\n`;
}

/** The character of a column of so many levels in a row, counted from the bottom. */
function columnAt(height: number, row: number): string {
  const level = height - row * LEVELS.length;
  if (level < 0) return ' ';
  return level >= LEVELS.length ? '|' : (LEVELS[level] as string);
}

function ago(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, seconds)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
