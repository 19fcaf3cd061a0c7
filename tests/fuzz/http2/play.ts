/**
 * Plays octets to one of our connections and checks what must hold whatever they are: nothing is thrown,
 * every bound is kept, what begins ends, and how the octets are cut makes no difference.
 */
import { http2LimitsDefault } from '../../../src/core/wire/index.ts';
import type { Http2Recorder } from '../../support/http2-recorder.ts';
import type { Chance } from '../kv/random.ts';
import { askingClient, echoServer, type Recording } from './corpus.ts';

export interface Played {
  readonly events: readonly string[];
  readonly problems: readonly string[];
  /** `id method target` of the requests told of. */
  readonly requests: readonly string[];
  /** The peer said GOAWAY. */
  readonly goaway: boolean;
}

/** Octets that we may want to send for what came: answers to it, and bodies that we echo. */
const ANSWER_FACTOR = 4;
const ANSWER_BYTES = 4 * http2LimitsDefault.outputBytesMax;
const SCRATCH_BYTES_MAX = 262_144;

/**
 * Plays octets at once, or cut by `chance`. A server that does not answer hears the same however it is cut;
 * one that answers may have ended a stream or not when the next frame comes.
 */
export function play(
  { role, seed }: Recording,
  octets: Buffer,
  chance: Chance | null,
  answering = true,
): Played {
  const recorder = role === 'server' ? echoServer() : askingClient(seed);
  if (!answering) recorder.onEndDo = () => {};
  const { connection } = recorder;
  recorder.take();
  let at = 0;
  while (at < octets.length) {
    const length = chance === null ? octets.length : chance.pick([1, 2, 9, 10, 100, 5000, 65_536]);
    const piece = octets.subarray(at, at + length);
    at += piece.length;
    recorder.receive(piece);
    check(recorder, piece.length);
    recorder.take();
    connection.pump();
    recorder.take();
    if (connection.ended) break;
  }
  connection.close(null);
  demand(connection.streamCount === 0, 'streams are left');
  for (const exchange of recorder.exchanges.values()) {
    demand(exchange.closed || exchange.head === '', `stream ${exchange.id} never closed`);
  }
  const requests = [...recorder.exchanges.values()]
    .filter(({ head }) => head !== '')
    .map(({ id, head }) => `${id} ${head}`);
  return {
    events: recorder.events,
    problems: recorder.problems.map(([problem, id]) => `${problem} ${id}`),
    requests,
    goaway: recorder.goaway !== undefined,
  };
}

function check(recorder: Http2Recorder, received: number): void {
  const { connection } = recorder;
  demand(connection.streamCount <= http2LimitsDefault.concurrentStreamsMax, 'too many streams');
  const wanted = connection.output.length;
  demand(wanted <= received * ANSWER_FACTOR + ANSWER_BYTES, `${wanted} octets to send`);
  demand(recorder.shared.scratch.buf.length <= SCRATCH_BYTES_MAX, 'scratch grew');
  for (const stream of connection.liveStreams()) {
    demand(stream.receiveWindow >= 0, 'a stream sent more than its window');
    demand(stream.sentBytes <= Number.MAX_SAFE_INTEGER && stream.untaken >= 0, 'lost count');
  }
  demand(!connection.ended || connection.problem !== null, 'ended without a problem');
}

function demand(condition: boolean, says: string): void {
  if (!condition) throw new Error(says);
}
