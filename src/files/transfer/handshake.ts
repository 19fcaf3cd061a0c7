/**
 * The greeting of a connection: both ends prove that they know the secret and that they are of one file system, before
 * anything else is looked at. Grammar: docs/formats/files-wire.md.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Random } from '../../core/runtime/index.ts';
import { RecordWriter } from '../codec.ts';
import { FilesError } from '../errors.ts';
import { FrameProblem, FrameType } from './frames.ts';
import type { Link } from './link.ts';
import { encodeError, parsed } from './messages.ts';

export const WIRE_VERSION = 1;
export const Role = { control: 1, data: 2 } as const;
export type RoleNumber = (typeof Role)[keyof typeof Role];

const MAGIC = Buffer.from('PLFW');
const NONCE_BYTES = 16;
const PROOF_BYTES = 32;
const GREETING_MS = 5000;

export interface Credentials {
  /** Empty: none is asked for. */
  readonly secret: string;
  /** Of the file system; empty: it belongs to none yet. */
  readonly identity: string;
}

/**
 * Greets a server. @returns the identity of its file system.
 * @throws FilesError 'untrusted', 'foreign', 'node-gone'.
 */
export async function greet(
  link: Link,
  role: RoleNumber,
  { secret, identity }: Credentials,
  random: Random,
): Promise<string> {
  const nonce = random.bytes(NONCE_BYTES);
  const hello = new RecordWriter(64)
    .raw(MAGIC)
    .u8(WIRE_VERSION)
    .u8(role)
    .raw(nonce)
    .text(identity)
    .done();
  await link.send(FrameType.hello, 0, [hello]);
  const frame = await link.next(GREETING_MS);
  if (frame.type === FrameType.error) throw refusalOf(frame.payload);
  if (frame.type !== FrameType.challenge) throw new FrameProblem('no challenge came');
  const { payload } = frame;
  const challenge = parsed(payload.subarray(1 + NONCE_BYTES), (reader) => ({
    identity: reader.text(),
    proof: Buffer.from(Array.from({ length: PROOF_BYTES }, () => reader.u8())),
  }));
  if (payload[0] !== WIRE_VERSION) throw new FilesError('untrusted', `version ${payload[0]}`);
  const transcript = {
    role,
    client: nonce,
    server: payload.subarray(1, 1 + NONCE_BYTES),
    identity: challenge.identity,
  };
  const wanted = proofOf('server', secret, transcript);
  if (!timingSafeEqual(wanted, challenge.proof)) throw new FilesError('untrusted', link.name);
  if (identity !== '' && identity !== challenge.identity)
    throw new FilesError('foreign', link.name);
  await link.send(FrameType.proof, 0, [proofOf('client', secret, transcript)]);
  const welcome = await link.next(GREETING_MS);
  if (welcome.type === FrameType.error) throw refusalOf(welcome.payload);
  if (welcome.type !== FrameType.ok) throw new FrameProblem('no welcome came');
  link.trust();
  return challenge.identity;
}

/**
 * Answers a client. @param identity of the file system, asked for at each greeting.
 * @returns what it may do. @throws FilesError 'untrusted', 'foreign', 'node-gone', FrameProblem: it was told.
 */
export async function answerGreeting(
  link: Link,
  roles: readonly RoleNumber[],
  { secret, identity }: Credentials,
  random: Random,
): Promise<RoleNumber> {
  const frame = await link.next(GREETING_MS);
  if (frame.type !== FrameType.hello) throw new FrameProblem('it does not greet');
  const { payload } = frame;
  const at = MAGIC.length + 2;
  if (!payload.subarray(0, MAGIC.length).equals(MAGIC)) throw new FrameProblem('it does not greet');
  const version = payload[MAGIC.length];
  if (version !== WIRE_VERSION) {
    throw await told(
      link,
      new FilesError('untrusted', `version ${version}, ${WIRE_VERSION} is spoken`),
    );
  }
  const role = roles.find((each) => each === payload[MAGIC.length + 1]);
  if (role === undefined)
    throw await told(link, new FilesError('untrusted', 'nobody of that role'));
  const theirs = parsed(payload.subarray(at + NONCE_BYTES), (reader) => reader.text());
  const server = random.bytes(NONCE_BYTES);
  const client = payload.subarray(at, at + NONCE_BYTES);
  const transcript = { role, client, server, identity };
  const challenge = new RecordWriter(96)
    .u8(WIRE_VERSION)
    .raw(server)
    .text(identity)
    .raw(proofOf('server', secret, transcript))
    .done();
  await link.send(FrameType.challenge, 0, [challenge]);
  const proof = await link.next(GREETING_MS);
  if (proof.type !== FrameType.proof) throw new FrameProblem('no proof came');
  if (!timingSafeEqual(proofOf('client', secret, transcript), proof.payload)) {
    throw await told(link, new FilesError('untrusted', link.name));
  }
  if (theirs !== '' && theirs !== identity)
    throw await told(link, new FilesError('foreign', link.name));
  // Nothing longer comes before this has been answered.
  link.trust();
  await link.send(FrameType.ok, 0);
  return role;
}

interface Transcript {
  readonly role: RoleNumber;
  readonly client: Buffer;
  readonly server: Buffer;
  readonly identity: string;
}

function proofOf(
  side: 'server' | 'client',
  secret: string,
  { role, client, server, identity }: Transcript,
): Buffer {
  return createHmac('sha256', secret)
    .update(`plinth files ${side}`)
    .update(Buffer.from([WIRE_VERSION, role]))
    .update(client)
    .update(server)
    .update(identity)
    .digest();
}

async function told(link: Link, error: FilesError): Promise<FilesError> {
  await link.send(FrameType.error, 0, [encodeError(error)]);
  return error;
}

function refusalOf(payload: Buffer): FilesError {
  return parsed(payload, (reader) => {
    const code = reader.text();
    const detail = reader.text();
    return new FilesError(code === 'foreign' ? 'foreign' : 'untrusted', detail);
  });
}
