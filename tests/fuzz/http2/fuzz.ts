/**
 * The fuzzer of HTTP/2: recordings of nghttp2 are spoilt and played to us; what we take of them nghttp2 is
 * asked about too.
 */
import { isDeepStrictEqual } from 'node:util';
import { Chance } from '../kv/random.ts';
import { type Recording, record } from './corpus.ts';
import { mutate } from './mutate.ts';
import { askNode } from './oracle.ts';
import { play } from './play.ts';

export interface FuzzResult {
  readonly sessions: number;
  readonly asked: number;
  /** How often each problem was met. */
  readonly problems: Map<string, number>;
  readonly findings: string[];
}

export interface FuzzOptions {
  readonly seed: number;
  /** Spoilt sessions to play. */
  readonly sessions: number;
  /** Share of the server's sessions that are shown to nghttp2 as well. */
  readonly oracleShare: number;
  readonly onProgress?: (done: number) => void;
}

/** Recordings that one run spoils again and again. */
const RECORDINGS = 24;
const FINDINGS_MAX = 10;

export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { seed, sessions, oracleShare } = options;
  const recordings: Recording[] = [];
  for (let i = 0; i < RECORDINGS; i++) {
    const recording = await record(i % 2 === 0 ? 'server' : 'client', seed * 1000 + i);
    const { problems } = play(recording, recording.octets, null);
    if (problems.length > 0) throw new Error(`a right session was refused: ${problems.join()}`);
    recordings.push(recording);
  }
  const problems = new Map<string, number>();
  const findings: string[] = [];
  let asked = 0;
  for (let i = 0; i < sessions && findings.length < FINDINGS_MAX; i++) {
    const name = `seed ${seed}, session ${i}`;
    const chance = new Chance(seed * 7919 + i);
    const recording = chance.pick(recordings);
    const octets = mutate(recording.octets, chance);
    try {
      const answered = play(recording, octets, chance);
      const whole = play(recording, octets, null, false);
      const cut = play(recording, octets, chance, false);
      if (!isDeepStrictEqual(whole, cut)) {
        findings.push(
          `${name}: cut otherwise, it is read otherwise: ${whole.problems} / ${cut.problems}`,
        );
      }
      for (const problem of answered.problems) {
        const key = problem.split(' ')[0] as string;
        problems.set(key, (problems.get(key) ?? 0) + 1);
      }
      // Where we saw an error nghttp2 may be harsher (5.4.2 lets it), and Node ends a session at GOAWAY.
      const comparable =
        recording.role === 'server' && whole.problems.length === 0 && !whole.goaway;
      if (comparable && chance.likely(oracleShare)) {
        asked++;
        const theirs = await askNode(octets);
        for (const request of whole.requests) {
          if (!theirs.includes(request)) findings.push(`${name}: nghttp2 does not take ${request}`);
        }
      }
    } catch (error) {
      findings.push(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
    }
    if (i % 1000 === 999) options.onProgress?.(i + 1);
  }
  return { sessions, asked, problems, findings };
}
