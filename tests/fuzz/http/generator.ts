/**
 * Streams of messages from the corpus, some right, most spoilt in one to three places.
 *
 * Invariant: a seed gives the same stream on every machine.
 */
import type { Chance } from '../kv/random.ts';
import * as corpus from './corpus.ts';
import type { Side } from './view.ts';

export interface Stream {
  readonly side: Side;
  /** Bytes as text (latin1). */
  readonly text: string;
  /** Messages it was made of. */
  readonly messages: number;
}

export function makeStream(chance: Chance): Stream {
  const request = chance.likely(0.7);
  const requestMethod = request
    ? 'GET'
    : chance.pick(['GET', 'GET', 'GET', 'POST', 'HEAD', 'CONNECT']);
  const messages = chance.pick([1, 1, 1, 2, 3]);
  let text = '';
  for (let i = 0; i < messages; i += 1) text += makeMessage(chance, request);
  const wounds = chance.pick([0, 0, 0, 1, 1, 2, 3]);
  for (let i = 0; i < wounds; i += 1) text = wound(text, chance);
  return { side: { type: request ? 'request' : 'response', requestMethod }, text, messages };
}

/** Cuts a stream into pieces at places of chance: whole, byte by byte, or a few cuts. */
export function cut(text: string, chance: Chance): Buffer[] {
  const bytes = Buffer.from(text, 'latin1');
  const draw = chance.unit();
  const pieces: Buffer[] = [];
  const most = draw < 0.2 ? 1 : draw < 0.6 ? 12 : bytes.length;
  for (let at = 0; at < bytes.length; ) {
    const size = draw < 0.2 ? 1 : chance.between(1, most);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** Six of ten messages are right. */
function makeMessage(chance: Chance, request: boolean): string {
  const odd = chance.likely(0.4) ? chance.unit() * 0.6 : 0;
  const pick = <T>(right: readonly T[], wrong: readonly T[]): T =>
    chance.pick(chance.likely(odd) ? wrong : right);
  const version = pick(corpus.versions, corpus.oddVersions);
  const lines = [
    request
      ? `${pick(corpus.methods, corpus.oddMethods)} ${pick(corpus.targets, corpus.oddTargets)} ${version}`
      : `${version} ${pick(corpus.statuses, corpus.oddStatuses)}`,
  ];
  if (request && !chance.likely(odd / 4)) lines.push('Host: example.com');
  const put = (line: string) => lines.splice(chance.between(1, lines.length), 0, line);
  const count = chance.pick([0, 1, 2, 3, 5]);
  for (let i = 0; i < count; i += 1) put(pick(corpus.fields, corpus.oddFields));
  const framings = chance.likely(odd) ? 2 : chance.pick([0, 1, 1]);
  let framing = '';
  for (let i = 0; i < framings; i += 1) {
    framing = pick(corpus.framing, corpus.oddFraming);
    put(framing);
  }
  if (chance.likely(odd / 40)) for (let i = 0; i < 150; i += 1) put(`X-${i}: y`);
  const before = chance.likely(odd / 4) ? '\r\n'.repeat(chance.between(1, 6)) : '';
  const text = chance.likely(odd) ? chance.pick(corpus.bodies) : body(chance, framing);
  return `${before}${lines.join('\r\n')}\r\n\r\n${text}`;
}

/** A body that fits the framing, so that what follows is a message again. */
function body(chance: Chance, framing: string): string {
  if (/chunked/i.test(framing)) return chance.pick(corpus.chunked);
  const length = /^content-length:.*?([0-9]{1,2})$/i.exec(framing)?.[1];
  return length === undefined ? '' : 'x'.repeat(Number(length));
}

/** One mutation. */
function wound(text: string, chance: Chance): string {
  const at = chance.between(0, text.length);
  const odd = chance.pick(corpus.bytes);
  switch (chance.between(0, 9)) {
    case 0:
      return text.slice(0, at) + odd + text.slice(at);
    case 1:
      return text.slice(0, at) + odd + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + text.slice(at + 1);
    case 3:
      return text.slice(0, at);
    case 4:
      return onLine(text, chance, (line) => `${line}\r\n${line}`);
    case 5:
      return onLine(text, chance, () =>
        chance.pick(chance.pick([corpus.oddFields, corpus.oddFraming])),
      );
    case 6:
      return onLine(text, chance, (line) => line.toUpperCase());
    case 7:
      return onLine(text, chance, (line) => line.replace(': ', odd));
    case 8: {
      // A line end made wrong.
      const places = [...text.matchAll(/\r\n/g)].map(({ index }) => index);
      if (places.length === 0) return text;
      const place = chance.pick(places);
      return (
        text.slice(0, place) +
        chance.pick(['\n', '\r', '\r\r\n', '\n\r', '']) +
        text.slice(place + 2)
      );
    }
    default: {
      // A piece from elsewhere in the stream.
      const from = chance.between(0, text.length);
      return text.slice(0, at) + text.slice(from, from + chance.between(1, 40)) + text.slice(at);
    }
  }
}

function onLine(text: string, chance: Chance, change: (line: string) => string): string {
  const lines = text.split('\r\n');
  const at = chance.between(0, lines.length - 1);
  lines[at] = change(lines[at]!);
  return lines.join('\r\n');
}
