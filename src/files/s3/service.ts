/** What the operations of the door work with: the service as a whole, and one call of it. */
import type { Random } from '../../core/runtime/index.ts';
import type { Authenticated } from './auth/authenticate.ts';
import type { SigningKeys } from './auth/scope.ts';
import type { User, Users } from './auth/users.ts';
import type { IncomingBody } from './body/incoming.ts';
import { type BodyPromise, promiseOf, readDocument } from './body/integrity.ts';
import type { DigestMaker } from './digests/running-digests.ts';
import { S3Error } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { Bucket, ObjectStore, Outcome, Refusal } from './object-store.ts';
import type { Operation } from './operation.ts';
import type { ParsedRequest } from './request.ts';

/** What is the same for all calls; swapped whole by a change of settings. */
export interface Service {
  readonly store: ObjectStore;
  readonly users: Users;
  readonly keys: SigningKeys;
  /** Signature Version 2 is taken too. */
  readonly takesV2: boolean;
  readonly random: Random;
  readonly digests: DigestMaker;
  /** Reported as the location of every bucket. */
  readonly region: string;
  /** Below which the first label of a host is a bucket. */
  readonly domains: readonly string[];
  /** Keys of clients (SSE-C) may come without TLS. */
  readonly sseCOverHttp: boolean;
  /** Wraps the data keys of SSE-S3; undefined: there is none, and SSE-S3 is refused. */
  readonly encryptionKey: Buffer | undefined;
  nowMs(): number;
}

export interface Call extends ParsedRequest {
  readonly service: Service;
  readonly store: ObjectStore;
  readonly operation: Operation;
  readonly auth: Authenticated;
  /** Null: nobody. */
  readonly user: User | null;
  readonly nowMs: number;
  readonly encrypted: boolean;
  readonly remoteAddress: string;
  readonly body: IncomingBody;
}

/** A call for a bucket that is there. */
export interface BucketCall extends Call {
  readonly bucket: Bucket;
}

/** What the head promises of the body. @throws S3Error */
export function bodyPromise(call: Call): BodyPromise {
  return promiseOf(call, call.auth.body);
}

/** The whole body of a request that brings a document. @throws S3Error */
export function documentOf(call: Call, bytesMax: number = LIMITS.documentBytes): Promise<Buffer> {
  return readDocument(call.body, bodyPromise(call), bytesMax);
}

const REFUSED = {
  'no-such-bucket': 'NoSuchBucket',
  'no-such-key': 'NoSuchKey',
  'no-such-version': 'NoSuchVersion',
  'no-such-upload': 'NoSuchUpload',
  'precondition-failed': 'PreconditionFailed',
  'invalid-part': 'InvalidPart',
} as const satisfies Record<Refusal, string>;

/** What was done. @throws S3Error saying why it was not. */
export function mustBeDone<T>(outcome: Outcome<T>): T {
  if (!outcome.done) throw new S3Error(REFUSED[outcome.because]);
  return outcome.value;
}

/** The id of a user in answers; nobody's is that of S3's anonymous principal. */
export const ANONYMOUS_ID = '65a011a29cdf8ec533ec3d1ccaae921c';

export function userIdOf({ user }: Pick<Call, 'user'>): string {
  return user?.id ?? ANONYMOUS_ID;
}
