/**
 * The head of a request, of HTTP/1 or HTTP/2, as offsets into what was received.
 *
 *     GET http://example.com:81/a/b?c=d HTTP/1.1
 *         target ......................
 *                authority .. origin ..
 *                host ...... port    path "/a/b", query "c=d"
 *
 * Invariants: see message-head.ts. Whatever its form was, a request for a host has `authority`, and its Host
 * field, if it has one, says the same (RFC 9112 section 3.2.2). Strings are made on demand only.
 */
import { FieldId } from './field-ids.ts';
import { ARENA_BASE } from './fields.ts';
import { MessageHead } from './message-head.ts';
import { MethodId, methodNameOf } from './methods.ts';

/** Forms of the request target, RFC 9112 section 3.2. HTTP/2 has origin and asterisk, and authority for CONNECT. */
export const TargetForm = { origin: 0, absolute: 1, authority: 2, asterisk: 3 } as const;
export type TargetForm = (typeof TargetForm)[keyof typeof TargetForm];

/** `port` when the authority names none. */
export const NO_PORT = -1;

export class RequestHead extends MessageHead {
  method: MethodId = MethodId.other;
  methodStart = 0;
  /** 0: it did not come so, and `method` says what it is. */
  methodLength = 0;
  form: TargetForm = TargetForm.origin;
  /** The target as it was received. */
  targetStart = 0;
  targetLength = 0;
  /** Path, `?` and query; empty for `*`, for CONNECT and for `http://host` alone. */
  originStart = 0;
  originLength = 0;
  pathStart = 0;
  pathLength = 0;
  /** Behind the `?`. */
  queryStart = 0;
  queryLength = 0;
  hasQuery = false;
  /** Host and port; empty when an HTTP/1.0 request names no host. */
  authorityStart = 0;
  authorityLength = 0;
  /** Without the port; an IPv6 address keeps its brackets. */
  hostStart = 0;
  hostLength = 0;
  port: number = NO_PORT;
  /** The scheme of an absolute target (or of HTTP/2) is https. */
  secure = false;
  /** HTTP/2: path or authority hold a secret, as `Fields.isSecret` of fields. */
  secretPath = false;
  secretAuthority = false;
  /** The client waits for 100 before it sends the body (RFC 9110 section 10.1.1). */
  expectContinue = false;

  reset(): void {
    this.resetMessage();
    this.method = MethodId.other;
    this.methodStart = 0;
    this.methodLength = 0;
    this.form = TargetForm.origin;
    this.targetStart = 0;
    this.targetLength = 0;
    this.originStart = 0;
    this.originLength = 0;
    this.pathStart = 0;
    this.pathLength = 0;
    this.queryStart = 0;
    this.queryLength = 0;
    this.hasQuery = false;
    this.authorityStart = 0;
    this.authorityLength = 0;
    this.hostStart = 0;
    this.hostLength = 0;
    this.port = NO_PORT;
    this.secure = false;
    this.secretPath = false;
    this.secretAuthority = false;
    this.expectContinue = false;
  }

  /** Copies what the head refers to into memory of its own, so that the received bytes may be reused. */
  retain(): void {
    if (this.retained) return;
    this.moveBy(this.fields.retain(this.start, this.end));
  }

  /** Becomes a copy of another head, in memory of its own. */
  copyFrom(other: RequestHead): void {
    this.reset();
    this.copyMessage(other);
    this.method = other.method;
    this.methodStart = other.methodStart;
    this.methodLength = other.methodLength;
    this.form = other.form;
    this.targetStart = other.targetStart;
    this.targetLength = other.targetLength;
    this.originStart = other.originStart;
    this.originLength = other.originLength;
    this.pathStart = other.pathStart;
    this.pathLength = other.pathLength;
    this.queryStart = other.queryStart;
    this.queryLength = other.queryLength;
    this.hasQuery = other.hasQuery;
    this.authorityStart = other.authorityStart;
    this.authorityLength = other.authorityLength;
    this.hostStart = other.hostStart;
    this.hostLength = other.hostLength;
    this.port = other.port;
    this.secure = other.secure;
    this.secretPath = other.secretPath;
    this.secretAuthority = other.secretAuthority;
    this.expectContinue = other.expectContinue;
    this.moveBy(this.fields.copyFrom(other.fields, other.start, other.end));
  }

  private moveBy(by: number): void {
    this.retained = true;
    this.start = 0;
    this.end -= by;
    this.methodStart -= by;
    this.targetStart -= by;
    this.originStart = moved(this.originStart, by);
    this.pathStart = moved(this.pathStart, by);
    this.queryStart = moved(this.queryStart, by);
    this.authorityStart = moved(this.authorityStart, by);
    this.hostStart = moved(this.hostStart, by);
  }

  /** Takes another method than the one that came, one that has a number. */
  setMethod(method: MethodId): void {
    this.method = method;
    this.methodLength = 0;
  }

  /** The method's name. */
  methodName(): string {
    return this.method === MethodId.other
      ? this.fields.text(this.methodStart, this.methodLength)
      : NAMES[this.method]!;
  }

  /** The target as it was received. */
  target(): string {
    return this.fields.text(this.targetStart, this.targetLength);
  }

  /** The path as it was received, not decoded. Empty for `*` and CONNECT; `/` when a target had none. */
  path(): string {
    if (this.pathLength > 0) return this.fields.text(this.pathStart, this.pathLength);
    return this.form === TargetForm.origin || this.form === TargetForm.absolute ? '/' : '';
  }

  /**
   * Whether the request is for the server as a whole: `*`, or OPTIONS of an absolute target without path and query,
   * which is sent on as `*` (RFC 9112 section 3.2.4).
   */
  get asksServer(): boolean {
    if (this.form === TargetForm.asterisk) return true;
    return (
      this.originLength === 0 &&
      this.method === MethodId.options &&
      this.form === TargetForm.absolute
    );
  }

  /** What stands behind the `?`, not decoded. */
  query(): string {
    return this.fields.text(this.queryStart, this.queryLength);
  }

  /** Host and port as received. */
  authority(): string {
    return this.fields.text(this.authorityStart, this.authorityLength);
  }

  /** The host as received, without its port. */
  host(): string {
    return this.fields.text(this.hostStart, this.hostLength);
  }

  /**
   * Gives the request another path and query, as the next server shall see them: bytes of a target that
   * begin with `/`. The caller checks them. False when there is no room.
   */
  setOrigin(origin: Buffer): boolean {
    const start = this.fields.put(origin);
    if (start === -1) return false;
    const question = origin.indexOf('?');
    this.originStart = start;
    this.originLength = origin.length;
    this.pathStart = start;
    this.pathLength = question === -1 ? origin.length : question;
    this.hasQuery = question !== -1;
    this.queryStart = start + this.pathLength + (this.hasQuery ? 1 : 0);
    this.queryLength = origin.length - this.pathLength - (this.hasQuery ? 1 : 0);
    return true;
  }

  /** Gives the request another authority for the next server: the Host field. The caller checks it. */
  setHostField(authority: Buffer | string): boolean {
    return this.fields.set(FieldId.host, authority);
  }
}

/** Offsets into the arena stay. */
function moved(offset: number, by: number): number {
  return offset >= ARENA_BASE ? offset : offset - by;
}

const NAMES: readonly string[] = Object.values(MethodId).map((id) =>
  methodNameOf(id).toString('latin1'),
);
