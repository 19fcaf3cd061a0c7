/** DEBUG PROTOCOL: one reply of each type, for testing clients. */
import type { RespWriter } from '../../../core/wire/index.ts';

const BIG_NUMBER = '1234567999999999999999999999999999999';
const ITEMS = 3;
/** 3.141, which is meant to be no constant of mathematics. */
const DOUBLE = 3141 / 1000;

/** Replies by the names that Redis gives them; booleans are true for odd places. */
export const PROTOCOL_REPLIES: Readonly<Record<string, (reply: RespWriter) => void>> = {
  STRING: (reply) => reply.bulkText('Hello World'),
  INTEGER: (reply) => reply.integer(12345),
  DOUBLE: (reply) => reply.double(DOUBLE),
  NULL: (reply) => reply.null(),
  ARRAY: (reply) => {
    reply.array(ITEMS);
    integers(reply);
  },
  SET: (reply) => {
    reply.set(ITEMS);
    integers(reply);
  },
  MAP: (reply) => {
    reply.map(ITEMS);
    pairs(reply);
  },
  ATTRIB: (reply) => {
    // RESP2 has no attributes: only what they stand before is sent.
    if (reply.protocol === 3) {
      reply.attribute(1);
      reply.bulkText('key-popularity');
      reply.array(2);
      reply.bulkText('key:123');
      reply.integer(90);
    }
    reply.bulkText('Some real reply following the attribute');
  },
  PUSH: (reply) => {
    reply.push(2);
    reply.bulkText('server-cpu-usage');
    reply.integer(42);
  },
  VERBATIM: (reply) => reply.verbatim('This is a verbatim\nstring'),
  TRUE: (reply) => reply.boolean(true),
  FALSE: (reply) => reply.boolean(false),
  BIGNUM: (reply) => reply.bigNumber(BIG_NUMBER),
};

function integers(reply: RespWriter): void {
  for (let i = 0; i < ITEMS; i++) reply.integer(i);
}

function pairs(reply: RespWriter): void {
  for (let i = 0; i < ITEMS; i++) {
    reply.integer(i);
    reply.boolean(i === 1);
  }
}
