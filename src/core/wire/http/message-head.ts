/**
 * What the heads of requests and responses have in common: fields, version, framing of the body, and
 * whether the connection lives on.
 *
 * Invariants: all offsets of a head are as in `Fields`; until `retain` they point into memory of others.
 * `fields` agree with `body` and `contentLength`: one Content-Length where a length is known and none else,
 * one Transfer-Encoding where the body is chunked. Heads are pooled: `reset` before each use.
 */
import { FieldId } from './field-ids.ts';
import { Fields, REMOVED } from './fields.ts';

/** How the end of a body is found. */
export const BodyKind = {
  /** No byte follows; `contentLength` may still be 0, or the length a HEAD asked for. */
  none: 0,
  /** `contentLength` bytes. */
  length: 1,
  /** Chunks of HTTP/1.1, RFC 9112 section 7.1. */
  chunked: 2,
  /** A response that ends with its connection, RFC 9112 section 6.3. */
  untilClose: 3,
  /** The protocol frames it: HTTP/2 data until the end of the stream. */
  stream: 4,
} as const;
export type BodyKind = (typeof BodyKind)[keyof typeof BodyKind];

/** Versions as `major * 10 + minor`. */
export const Version = { http10: 10, http11: 11, http2: 20 } as const;
export type Version = (typeof Version)[keyof typeof Version];

/** `contentLength` when no length is known. */
export const LENGTH_UNKNOWN = -1;

const CHUNKED = Buffer.from('chunked', 'latin1');
/** Fields that Connection may name in one message. */
const NAMED_MAX = 64;
const NAMED_AT_FIRST = 8;

export abstract class MessageHead {
  readonly fields: Fields = new Fields();
  version: Version = Version.http11;
  body: BodyKind = BodyKind.none;
  /** Bytes of the body, or `LENGTH_UNKNOWN`. */
  contentLength = LENGTH_UNKNOWN;
  /** The sender means to use the connection again. HTTP/1 only. */
  keepAlive = true;
  /**
   * Request: asks to leave HTTP (Upgrade, and Connection names it). Response: 101, or 2xx to CONNECT: what
   * follows the head is no HTTP.
   */
  upgrade = false;
  /** The first byte of the head in `fields.buf`, and the one behind its last. */
  start = 0;
  end = 0;
  /** Indexes of the fields that Connection names, without those that always belong to one connection. */
  named: Uint16Array = new Uint16Array(NAMED_AT_FIRST);
  namedCount = 0;
  /** `retain` has been called: the head lives in memory of its own. */
  retained = false;

  protected resetMessage(): void {
    this.fields.reset();
    this.version = Version.http11;
    this.body = BodyKind.none;
    this.contentLength = LENGTH_UNKNOWN;
    this.keepAlive = true;
    this.upgrade = false;
    this.start = 0;
    this.end = 0;
    this.namedCount = 0;
    this.retained = false;
  }

  /** What `resetMessage` forgets, but for the fields. */
  protected copyMessage(other: MessageHead): void {
    this.version = other.version;
    this.body = other.body;
    this.contentLength = other.contentLength;
    this.keepAlive = other.keepAlive;
    this.upgrade = other.upgrade;
    this.start = other.start;
    this.end = other.end;
    for (let i = 0; i < other.namedCount; i++) this.addNamed(other.named[i]!);
  }

  /** Notes that Connection names a field. False when there are too many. */
  addNamed(index: number): boolean {
    if (this.namedCount === NAMED_MAX) return false;
    if (this.namedCount === this.named.length) {
      const grown = new Uint16Array(this.named.length * 2);
      grown.set(this.named);
      this.named = grown;
    }
    this.named[this.namedCount++] = index;
    return true;
  }

  /**
   * Removes what is meant for one connection only: the fields that Connection names, Connection itself and
   * those of RFC 9110 section 7.6.1. Transfer-Encoding stays, since it says how the body is framed;
   * `setBody` changes that. Callers look at Upgrade, TE and Trailer before.
   */
  removeHopByHop(): void {
    const { fields } = this;
    for (let i = 0; i < this.namedCount; i++) fields.remove(this.named[i]!);
    this.namedCount = 0;
    for (let i = 0; i < fields.count; i++) {
      switch (fields.id(i)) {
        case FieldId.connection:
        case FieldId.upgrade:
        case FieldId.keepAlive:
        case FieldId.proxyConnection:
        case FieldId.te:
        case FieldId.http2Settings:
        case FieldId.proxyAuthenticate:
        case FieldId.proxyAuthorization:
        case FieldId.proxyAuthenticationInfo:
          fields.remove(i);
      }
    }
  }

  /** Frames the body in another way and makes the fields agree. `contentLength` counts for `length` only. */
  setBody(kind: BodyKind, contentLength = LENGTH_UNKNOWN): void {
    const { fields } = this;
    if (kind !== BodyKind.chunked || this.body !== kind) {
      fields.removeAll(FieldId.transferEncoding);
      if (kind === BodyKind.chunked) fields.addKnown(FieldId.transferEncoding, CHUNKED);
    }
    // A length is good to know for the receiver of a stream as well, HTTP/2 or not.
    const length =
      kind === BodyKind.length || kind === BodyKind.stream ? contentLength : LENGTH_UNKNOWN;
    const field = fields.find(FieldId.contentLength);
    if (length === LENGTH_UNKNOWN) fields.removeAll(FieldId.contentLength);
    else if (field === -1 || this.contentLength !== length) {
      fields.set(FieldId.contentLength, String(length));
    }
    this.body = kind;
    this.contentLength = length;
  }

  /** Whether a field has been removed. */
  isRemoved(index: number): boolean {
    return this.fields.id(index) === REMOVED;
  }
}
