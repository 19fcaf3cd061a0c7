/**
 * The S3 door: a Handler that makes calls of exchanges, and answers of what operations give or throw.
 *
 *     exchange ─▶ parse ─▶ operation ─▶ who ─▶ may they ─▶ run ─▶ reply
 *                  └─────────┴───────────┴───────┴───────────┴──▶ S3Error ─▶ XML
 *
 * Nothing of a body is read before everything that the head says has been judged, so a client that waits for 100
 * is told to go on only when its request is acceptable.
 */
import type { RefusalAnswer } from '../../core/downstream/index.ts';
import type { Exchange, Handler } from '../../core/http/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import { Client } from '../client.ts';
import { authoriseOperation } from './access/authorise.ts';
import { authenticate } from './auth/authenticate.ts';
import { ClientGone, IncomingBody } from './body/incoming.ts';
import { corsHeaders, preflight } from './cors.ts';
import { errorReply, idHeaders, refusalAnswer, requestId } from './error-reply.ts';
import { S3Error } from './errors.ts';
import { checkKey, isPossibleBucketName } from './names.ts';
import { StoreFailure, type StoreFailureCode } from './object-store.ts';
import { operationOf } from './operations/table.ts';
import { checkOwner } from './operations/versions.ts';
import { type Reply, send } from './reply.ts';
import { type Headers, meantByQuery, parseRequest } from './request.ts';
import type { Call, Service } from './service.ts';

export interface S3DoorEvents {
  /** An answer was given, or the client has gone before. */
  onCall(operation: string, status: number, ms: number): void;
}

export interface S3DoorOptions {
  readonly service: Service;
  readonly log: Logger;
  readonly events?: S3DoorEvents;
  /** Milliseconds, for durations. */
  monotonicMs(): number;
}

/** What is known of a request when its answer is sent, however it came about. */
interface Trace {
  operation: string;
  path: string;
  readonly headers: [string, string][];
}

/** The status in figures of a request whose client has gone before an answer, as nginx counts it. */
const CLIENT_GONE = 499;

export class S3Door {
  /** Swapped whole by a change of settings; calls that run keep theirs. */
  service: Service;
  private readonly options: S3DoorOptions;

  constructor(options: S3DoorOptions) {
    this.options = options;
    this.service = options.service;
  }

  get handler(): Handler {
    return (exchange) => {
      // A defect of ours must end the process, as everywhere: nobody catches this promise.
      void this.handle(exchange);
    };
  }

  /** For requests that do not come to the handler. */
  get refusalAnswer(): RefusalAnswer {
    return ({ request }, refusal) => {
      // Of a request that could not be read nothing is known.
      const path = request.pathLength > 0 ? request.path() : '';
      return refusalAnswer(refusal, path, requestId(this.service.random));
    };
  }

  private async handle(exchange: Exchange): Promise<void> {
    const { service, options } = this;
    const client = new Client(exchange);
    const startMs = options.monotonicMs();
    const id = requestId(service.random);
    const trace: Trace = {
      operation: 'unknown',
      path: '',
      headers: idHeaders(id),
    };
    const body = new IncomingBody(client);
    let reply: Reply;
    try {
      reply = await this.answer(service, client, body, trace);
    } catch (error) {
      if (error instanceof ClientGone) {
        options.events?.onCall(trace.operation, CLIENT_GONE, options.monotonicMs() - startMs);
        return;
      }
      reply = errorReply(this.problemOf(error, id), trace.path, id);
    }
    body.continueWithoutBytes();
    try {
      await send(client, reply, trace.headers);
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      options.log.warn('s3.read-failed', { requestId: id, code: error.code });
    }
    options.events?.onCall(trace.operation, reply.status, options.monotonicMs() - startMs);
  }

  /** Decides everything by the head, then runs the operation. @throws S3Error, StoreFailure, ClientGone */
  private async answer(
    service: Service,
    client: Client,
    body: IncomingBody,
    trace: Trace,
  ): Promise<Reply> {
    const { store, users, keys, takesV2 } = service;
    const { exchange } = client;
    const { encrypted, remoteAddress } = exchange.client;
    const signed = parseRequest(exchange, service.domains);
    const request = meantByQuery(signed);
    const { line, headers } = request;
    trace.path = line.rawPath;
    const bucket = line.bucket === '' ? undefined : await store.bucket(line.bucket);
    if (line.method === 'OPTIONS') {
      trace.operation = 'Preflight';
      return { status: 200, headers: preflight(bucket, headers) };
    }
    if (bucket !== undefined) trace.headers.push(...corsHeaders(bucket, headers, line.method));
    if (!encrypted && !service.sseCOverHttp) refuseKeysInClear(headers);
    if (line.bucket === '' && line.key !== '') throw new S3Error('InvalidBucketName');
    const operation = operationOf(request);
    trace.operation = operation.name;
    const nowMs = service.nowMs();
    const auth = authenticate(signed, { users, keys, takesV2, nowMs });
    const call: Call = {
      ...request,
      ...{ service, store, operation, auth, user: auth.user, nowMs, body },
      ...{ encrypted, remoteAddress },
    };
    if (operation.on === 'service' || operation.makes === true) return operation.run(call);
    checkKey(line.key);
    if (bucket === undefined) {
      if (!isPossibleBucketName(line.bucket)) {
        throw new S3Error('InvalidBucketName', undefined, { BucketName: line.bucket });
      }
      throw new S3Error('NoSuchBucket', undefined, { BucketName: line.bucket });
    }
    // Clients look for the region of a bucket in answers of every kind, refusals too.
    if (operation.on === 'bucket') trace.headers.push(['x-amz-bucket-region', service.region]);
    checkOwner(headers.get('x-amz-expected-bucket-owner'), bucket);
    await authoriseOperation(call, bucket);
    return operation.run({ ...call, bucket });
  }

  private problemOf(error: unknown, requestId: string): S3Error {
    if (error instanceof S3Error) return error;
    if (!(error instanceof StoreFailure)) throw error;
    this.options.log.warn('s3.store-failed', { requestId, code: error.code });
    const [code, says] = FAILURES[error.code];
    return new S3Error(code, says);
  }
}

/** Whoever sends a key of their own without TLS gives it to everybody on the way. */
function refuseKeysInClear(headers: Headers): void {
  if (!headers.names().some((name) => name.endsWith('server-side-encryption-customer-key'))) return;
  throw new S3Error(
    'InvalidRequest',
    'Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.',
  );
}

const FAILURES = {
  'no-space': ['InsufficientStorage', undefined],
  quota: ['InsufficientStorage', 'A quota would be exceeded.'],
  corrupt: ['InternalError', undefined],
  unavailable: ['ServiceUnavailable', undefined],
  'too-large': ['EntityTooLarge', undefined],
} as const satisfies Record<StoreFailureCode, readonly [S3Error['code'], string | undefined]>;
