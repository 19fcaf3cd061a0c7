/**
 * The key-value store with data larger than memory beside itself with everything in memory:
 *
 *     node bench/kv-tier/run.ts [--keys n] [--value-bytes n] [--memory-mb n] [--seconds n] [--rounds n]
 *                               [--only load,start,get,mixed,missing] [--pipeline 1,16]
 *                               [--start-rounds n] [--theta x] [--warm-seconds n] [--self-test] [--write]
 *
 * Without --memory-mb the limit is a tenth of the memory that the data take. --self-test gives neither
 * server a limit: the ratios are then chance. --write writes docs/bench-tier.md.
 *
 * Bounds: a load ends two minutes after its time, a start after three minutes, a fill after ten. Ten
 * million keys of 100 bytes need about 3 GB of memory and 6 GB of disk.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadText, machineFacts } from '../kv/machine.ts';
import { type LoadCase, measureLoads } from './loads.ts';
import { HEAD, loadTable, sizeTable, startTable } from './report.ts';
import { measureStarts } from './starts.ts';
import { LOAD_NAMES } from './trace.ts';
import { VALUE_BYTES_MAX, VALUE_BYTES_MIN } from './values.ts';

const { values: given } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    'value-bytes': { type: 'string', default: '100' },
    'memory-mb': { type: 'string' },
    seconds: { type: 'string', default: '5' },
    'warm-seconds': { type: 'string' },
    rounds: { type: 'string', default: '5' },
    'start-rounds': { type: 'string', default: '3' },
    theta: { type: 'string', default: '0.99' },
    pipeline: { type: 'string', default: '1,16' },
    only: { type: 'string', default: '' },
    'self-test': { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

const MIB = 2 ** 20;
/** Memory that a key takes beyond its value, about: for the limit of the starts. */
const KEY_BYTES = 52;

function number(name: string, text: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (value >= min && value <= max) return value;
  throw new Error(`--${name} is ${text}; it must be a number from ${min} to ${max}`);
}

const keys = number('keys', given.keys, 1000, 2 ** 31);
const valueBytes = number('value-bytes', given['value-bytes'], VALUE_BYTES_MIN, VALUE_BYTES_MAX);
const seconds = number('seconds', given.seconds, 0.1);
const rounds = number('rounds', given.rounds, 1);
const memory = given['memory-mb'];
const asked = memory === undefined ? undefined : number('memory-mb', memory, 1) * MIB;
const selfTest = given['self-test'];

const only = given.only.split(',').filter((name) => name !== '');
const unknown = only.filter((name) => !['load', 'start', ...LOAD_NAMES].includes(name));
if (unknown.length > 0) throw new Error(`--only knows load, start, ${LOAD_NAMES.join(', ')}`);
const loadNames = LOAD_NAMES.filter((name) => only.includes(name));
const cases = (loadNames.length > 0 ? loadNames : LOAD_NAMES).flatMap((load) =>
  given.pipeline.split(',').map((depth): LoadCase => {
    if (depth !== '1' && depth !== '16') throw new Error('--pipeline knows 1 and 16');
    return { load, pipeline: depth === '1' ? 1 : 16 };
  }),
);
const asksFor = (section: 'load' | 'start'): boolean =>
  only.length === 0 || only.includes(section) || (section === 'load' && loadNames.length > 0);

const tell = (text: string): void => console.log(text);
const before = loadText();
const parts: string[] = [];
if (asksFor('load')) {
  const { rows, sizes } = await measureLoads(
    {
      ...{ keys, valueBytes, seconds, rounds, cases, selfTest, limitBytes: asked },
      theta: number('theta', given.theta, 0.01, 0.9999),
      warmSeconds: number('warm-seconds', given['warm-seconds'] ?? String(seconds * 2), 0.1),
    },
    tell,
  );
  const about = `${keys.toLocaleString('en')} keys of 16 bytes, values of ${valueBytes}. Pairs are limited / in memory.`;
  parts.push(`## Loads\n\n${about}\n\n${loadTable(rows)}\n\n## Memory\n\n${sizeTable(sizes)}`);
}
if (asksFor('start')) {
  const limit = asked ?? Math.round((keys * (valueBytes + KEY_BYTES)) / 10);
  const starts = await measureStarts(
    {
      ...{ keys, valueBytes, limitBytes: selfTest ? undefined : limit },
      rounds: number('start-rounds', given['start-rounds'], 1),
    },
    tell,
  );
  const about = `kill -9 while new keys and new versions of old keys are written, \`fsync: always\`; limit ${selfTest ? 'none' : `${(limit / MIB).toFixed(0)} MiB`}.`;
  parts.push(`## Starts\n\n${about}\n\n${startTable(starts)}`);
}
const facts = [
  ...machineFacts('no peer'),
  `${new Date().toISOString().slice(0, 10)}; load average ${before} before, ${loadText()} after`,
].map((line) => `- ${line}`);
const text = `${HEAD}\n${facts.join('\n')}\n\n${parts.join('\n\n')}\n`;
tell(`\n${text}`);
if (given.write) {
  writeFileSync(fileURLToPath(new URL('../../docs/bench-tier.md', import.meta.url)), text);
}
