/** Asks a store one thing: connect, log in if need be, one command, one text as the answer. */
import { connect } from 'node:net';
import {
  encodeCommand,
  isFault,
  type Reply,
  type ReplyLimits,
  ReplyReader,
} from '../core/wire/index.ts';

/** How long an answer may take, milliseconds. */
const ANSWER_WAIT_MS = 5_000;
/** A longer answer does not come from a store, bytes. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
/** A text is all that is asked for. */
const LIMITS: ReplyLimits = {
  lineBytesMax: 64 * 1024,
  bulkBytesMax: ANSWER_BYTES_MAX,
  replyBytesMax: ANSWER_BYTES_MAX,
  itemsMax: 0,
};

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
    let skip = password === undefined ? 0 : 1;
    const reader = new ReplyReader(LIMITS, (reply) => {
      const answer = answerOf(reply);
      if (skip === 0 || !answer.ok) end(answer);
      skip--;
    });
    socket.setTimeout(ANSWER_WAIT_MS, () => end({ ok: false, why: 'no answer in time' }));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end({ ok: false, why: error.code ?? error.message }),
    );
    socket.on('close', () => end({ ok: false, why: 'the connection was closed' }));
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      if (reader.error !== '') end(STRANGE);
    });
    if (password !== undefined) socket.write(encodeCommand(['AUTH', password]));
    socket.write(encodeCommand(command));
  });
}

const STRANGE: RespAnswer = { ok: false, why: 'something else answers there' };

function answerOf(reply: Reply): RespAnswer {
  if (typeof reply === 'string') return { ok: true, text: reply };
  if (Buffer.isBuffer(reply)) return { ok: true, text: reply.toString() };
  return isFault(reply) ? { ok: false, why: reply.error } : STRANGE;
}
