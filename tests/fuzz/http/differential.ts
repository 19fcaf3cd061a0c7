/**
 * The differential fuzzer: streams of spoilt messages, read by Plinth and by llhttp.
 *
 * Besides the comparison each stream is read by us in pieces cut by chance: where the cuts are must make no
 * difference to anything. And what we would send on of an accepted message is read by llhttp again.
 */
import { Chance } from '../kv/random.ts';
import { compareViews } from './compare.ts';
import { differentForwarded } from './forward.ts';
import { cut, makeStream, type Stream } from './generator.ts';
import { knownMethods, readTheirs } from './llhttp.ts';
import { readOurs } from './ours.ts';
import { isRefusal, type Side, type StreamView } from './view.ts';

export interface Finding {
  readonly seed: number;
  readonly what: string;
  readonly stream: Stream;
}

export interface Tally {
  messages: number;
  streams: number;
  /** Messages that we accepted whole. */
  accepted: number;
  readonly verdicts: Map<string, number>;
  readonly problems: Map<string, number>;
}

export interface FuzzOptions {
  readonly seed: number;
  readonly messages: number;
  /** Findings after which it stops. */
  readonly findingsMax?: number;
  readonly onProgress?: (tally: Tally) => void;
}

const PROGRESS_STREAMS = 100_000;

/** Reads streams until there were so many messages. Stream `n` comes from the seed `seed + n`. */
export function fuzz(options: FuzzOptions): {
  readonly tally: Tally;
  readonly findings: Finding[];
} {
  const tally: Tally = {
    messages: 0,
    streams: 0,
    accepted: 0,
    verdicts: new Map(),
    problems: new Map(),
  };
  const findings: Finding[] = [];
  for (let seed = options.seed; tally.messages < options.messages; seed += 1) {
    const chance = new Chance(Math.imul(seed, 0x9e3779b1));
    const stream = makeStream(chance);
    const what = judge(stream, chance, tally);
    if (what !== undefined) findings.push({ seed, what, stream });
    if (findings.length >= (options.findingsMax ?? 10)) break;
    tally.messages += stream.messages;
    tally.streams += 1;
    if (tally.streams % PROGRESS_STREAMS === 0) options.onProgress?.(tally);
  }
  return { tally, findings };
}

/** What is wrong with our reading of a stream, or undefined. */
export function judge(stream: Stream, chance: Chance, tally?: Tally): string | undefined {
  const whole = [Buffer.from(stream.text, 'latin1')];
  const ours = readOurs(whole, stream.side);
  const inPieces = readOurs(cut(stream.text, chance), stream.side);
  if (!sameInPieces(ours, inPieces)) {
    return `in pieces it is another stream:\n${JSON.stringify(ours)}\n${JSON.stringify(inPieces)}`;
  }
  for (const message of ours.messages) {
    if (!message.complete || (message.method !== '' && !knownMethods.has(message.method))) continue;
    const wrong = differentForwarded(message, stream.side);
    if (wrong !== undefined) return wrong;
  }
  const verdict = compareViews(ours, readTheirs(whole, stream.side), stream.text);
  if (tally !== undefined) {
    tally.accepted += ours.messages.filter(({ complete }) => complete).length;
    count(
      tally.verdicts,
      'problem' in verdict ? `${verdict.kind}: ${verdict.problem}` : verdict.kind,
    );
    count(tally.problems, ours.end);
  }
  return verdict.kind === 'difference' ? verdict.what : undefined;
}

/** A stream that ends within a head may be refused whole, where its pieces still wait for the line's end. */
function sameInPieces(whole: StreamView, pieces: StreamView): boolean {
  if (JSON.stringify(whole.messages) !== JSON.stringify(pieces.messages)) return false;
  return whole.end === pieces.end || (isRefusal(whole) && pieces.end === 'waiting');
}

/** One text as one stream of requests or responses, for single cases. */
export function judgeText(text: string, side: Side): string | undefined {
  return judge({ text, side, messages: 1 }, new Chance(1));
}

export function describeFinding({ seed, what, stream }: Finding): string {
  return `seed ${seed}, ${stream.side.type} (${stream.side.requestMethod}): ${what}\n${JSON.stringify(stream.text)}`;
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
