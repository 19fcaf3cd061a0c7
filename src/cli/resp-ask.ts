/** Asks a store one thing: connect, log in if need be, one command, one text as the answer. */
import { connect } from 'node:net';

/** How long an answer may take, milliseconds. */
const ANSWER_WAIT_MS = 5_000;
/** A longer answer does not come from a store, bytes. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

export interface Question {
  readonly address: string;
  readonly port: number;
  readonly password: string | undefined;
  readonly command: readonly string[];
}

export type RespAnswer =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly why: string };

/** Never rejects: what goes wrong is told. */
export function askResp({ address, port, password, command }: Question): Promise<RespAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const end = (answer: RespAnswer): void => {
      socket.destroy();
      resolve(answer);
    };
    let received = Buffer.alloc(0);
    let skip = password === undefined ? 0 : 1;
    socket.setTimeout(ANSWER_WAIT_MS, () => end({ ok: false, why: 'no answer in time' }));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end({ ok: false, why: error.code ?? error.message }),
    );
    socket.on('close', () => end({ ok: false, why: 'the connection was closed' }));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (;;) {
        const reply = readReply(received);
        if (reply === undefined) break;
        received = received.subarray(reply.bytes);
        if (reply.text === undefined || skip === 0) {
          end(
            reply.text === undefined
              ? { ok: false, why: reply.why ?? 'something else answers there' }
              : { ok: true, text: reply.text },
          );
          return;
        }
        skip--;
      }
      if (received.length > ANSWER_BYTES_MAX) end({ ok: false, why: 'the answer has no end' });
    });
    if (password !== undefined) socket.write(encode(['AUTH', password]));
    socket.write(encode(command));
  });
}

function encode(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

interface ReadReply {
  readonly bytes: number;
  /** Undefined: an error, told by `why`, or no text at all. */
  readonly text?: string;
  readonly why?: string;
}

/** The first reply of the bytes if it is complete: a status, an error or a bulk string. */
function readReply(bytes: Buffer): ReadReply | undefined {
  const line = bytes.indexOf('\r\n');
  if (line < 0) return undefined;
  const head = bytes.toString('latin1', 1, line);
  const mark = String.fromCharCode(bytes[0] as number);
  if (mark === '+') return { bytes: line + 2, text: head };
  if (mark === '-') return { bytes: line + 2, why: head };
  const length = Number(head);
  if (mark !== '$' || !Number.isInteger(length) || length < 0) return { bytes: bytes.length };
  const end = line + 2 + length;
  if (bytes.length < end + 2) return undefined;
  return { bytes: end + 2, text: bytes.toString('utf8', line + 2, end) };
}
