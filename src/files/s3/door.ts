/**
 * The S3 door: a Handler that makes calls of exchanges, and answers of what operations give or throw.
 *
 *     exchange ─▶ parse ─▶ operation ─▶ who ─▶ may they ─▶ run ─▶ reply
 *                  └─────────┴───────────┴───────┴───────────┴──▶ S3Error ─▶ XML
 *
 * Nothing of a body is read before everything that the head says has been judged, so a client that waits for 100
 * is told to go on only when its request is acceptable.
 */
import type { Exchange, Handler } from '../../core/http/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import { authoriseOperation } from './access/authorise.ts';
import { authenticate } from './auth/authenticate.ts';
import { ClientGone, IncomingBody } from './body/incoming.ts';
import { Client } from './client.ts';
import { S3Error } from './errors.ts';
import { checkKey } from './names.ts';
import { StoreFailure, type StoreFailureCode } from './object-store.ts';
import { operationOf } from './operations/table.ts';
import { type Reply, send } from './reply.ts';
import { type ParsedRequest, parseRequest } from './request.ts';
import type { BucketCall, Call, Service } from './service.ts';
import { leaf, plainDocument } from './xml/writer.ts';

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

  private async handle(exchange: Exchange): Promise<void> {
    const { service } = this;
    const client = new Client(exchange);
    const startMs = this.options.monotonicMs();
    const id = service.random.bytes(8).toString('hex').toUpperCase();
    const ids = [
      ['x-amz-request-id', id],
      ['x-amz-id-2', id],
    ] as const;
    const body = new IncomingBody(client);
    let operation = 'unknown';
    let reply: Reply;
    let path = '';
    try {
      const request = parseRequest(exchange, service.domains);
      path = request.line.rawPath;
      const call = await this.prepare(request, body, client, (name) => {
        operation = name;
      });
      reply = await call.operation.run(call as BucketCall);
    } catch (error) {
      if (error instanceof ClientGone) {
        this.options.events?.onCall(operation, 499, this.options.monotonicMs() - startMs);
        return;
      }
      reply = errorReply(this.problemOf(error, id), path, id);
    }
    try {
      await send(client, reply, ids);
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      this.options.log.warn('s3.read-failed', { requestId: id, code: error.code });
    }
    this.options.events?.onCall(operation, reply.status, this.options.monotonicMs() - startMs);
  }

  /** Everything that the head decides. @throws S3Error */
  private async prepare(
    request: ParsedRequest,
    body: IncomingBody,
    { exchange }: Client,
    tell: (operation: string) => void,
  ): Promise<Call> {
    const { service } = this;
    const { store, users, keys } = service;
    const nowMs = service.nowMs();
    const { encrypted, remoteAddress } = exchange.client;
    const operation = operationOf(request);
    tell(operation.name);
    const auth = authenticate(request, { users, keys, nowMs });
    const { line } = request;
    const call: Call = {
      ...request,
      ...{ service, store, operation, auth, user: auth.user, nowMs, body },
      ...{ encrypted, remoteAddress },
    };
    if (operation.on === 'service') return call;
    checkKey(line.key);
    if (operation.on === 'bucket' && operation.makes === true) return call;
    const bucket = await store.bucket(line.bucket);
    if (bucket === undefined)
      throw new S3Error('NoSuchBucket', undefined, { BucketName: line.bucket });
    const bucketCall: BucketCall = { ...call, bucket };
    await authoriseOperation(bucketCall, bucket);
    return bucketCall;
  }

  private problemOf(error: unknown, requestId: string): S3Error {
    if (error instanceof S3Error) return error;
    if (!(error instanceof StoreFailure)) throw error;
    this.options.log.warn('s3.store-failed', { requestId, code: error.code });
    const [code, says] = FAILURES[error.code];
    return new S3Error(code, says);
  }
}

const FAILURES = {
  'no-space': ['InsufficientStorage', undefined],
  quota: ['InsufficientStorage', 'A quota would be exceeded.'],
  corrupt: ['InternalError', undefined],
  unavailable: ['ServiceUnavailable', undefined],
  'too-large': ['EntityTooLarge', undefined],
} as const satisfies Record<StoreFailureCode, readonly [S3Error['code'], string | undefined]>;

function errorReply(error: S3Error, resource: string, id: string): Reply {
  const { status, code, says, elements, headers } = error;
  const fields = Object.entries(headers);
  if (status === 304) return { status, headers: fields };
  const text = plainDocument(
    'Error',
    leaf('Code', code),
    leaf('Message', says),
    Object.entries(elements).map(([name, value]) => leaf(name, value)),
    leaf('Resource', resource),
    leaf('RequestId', id),
    leaf('HostId', id),
  );
  return { status, headers: fields, text };
}
