/**
 * The WebHDFS door: a Handler that makes calls of exchanges, and answers of what operations give or throw.
 *
 *     exchange ─▶ path, query ─▶ operation ─▶ who ─▶ run ──▶ reply
 *                     └──────────────┴─────────┴──────┴────▶ RemoteException ─▶ JSON
 *
 * Data go with a second request, as the specification has it: the first is answered with the address of this door
 * and `data=true`. Nothing of a body is read before, so a client that waits for 100 sends it once.
 *
 * Whoever knows a user's name is that user (Hadoop's "simple" authentication). A page in a browser is nobody:
 * requests with an Origin are refused.
 */
import type { Exchange, Handler } from '../../core/http/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import { Client } from '../client.ts';
import { FilesError } from '../errors.ts';
import { Caller } from '../namespace/permission.ts';
import { ClientGone, IncomingBody } from '../s3/body/incoming.ts';
import { translated } from '../translate.ts';
import type { Call, Service } from './call.ts';
import { denied, illegalParameter, RemoteException, remoteOf } from './errors.ts';
import { changeablePlace, placeOf } from './locate.ts';
import { operationOf } from './operations/table.ts';
import { parseQuery, type Query } from './parameters.ts';
import { jsonReply, type Reply, send } from './reply.ts';

const PREFIX = '/webhdfs/v1';
/** Says that the request is the one that data go with; HttpFS of Hadoop calls it so too. */
const DATA_STEP = 'data=true';
/** UserParam of Hadoop. */
const USER = /^[A-Za-z_][A-Za-z0-9._-]{0,254}\$?$/;
/** The status in figures of a request whose client has gone before an answer, as nginx counts it. */
const CLIENT_GONE = 499;

export interface WebHdfsDoorEvents {
  /** An answer was given, or the client has gone before. */
  onCall(operation: string, status: number, ms: number): void;
}

export interface WebHdfsDoorOptions {
  readonly service: Service;
  readonly log: Logger;
  readonly events: WebHdfsDoorEvents;
  /** Milliseconds, for durations. */
  monotonicMs(): number;
}

/** What is known of a request when its answer is sent. */
interface Trace {
  operation: string;
  path: string;
}

export class WebHdfsDoor {
  /** Swapped whole by a change of settings; calls that run keep theirs. */
  service: Service;
  private readonly options: WebHdfsDoorOptions;

  constructor(options: WebHdfsDoorOptions) {
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
    const { options, service } = this;
    const client = new Client(exchange);
    const startMs = options.monotonicMs();
    const trace: Trace = { operation: 'unknown', path: '/' };
    const ended = (status: number): void => {
      options.events.onCall(trace.operation, status, options.monotonicMs() - startMs);
    };
    let reply: Reply;
    try {
      reply = await answer(service, client, trace);
    } catch (error) {
      if (error instanceof ClientGone) return ended(CLIENT_GONE);
      reply = this.problem(error, trace);
    }
    try {
      await send(client, reply);
    } catch (error) {
      const known = translated(error, 'the namespace');
      if (!(known instanceof FilesError)) throw error;
      options.log.warn('webhdfs.read-failed', { path: trace.path, code: known.code });
    }
    ended(reply.status);
  }

  /** Bugs stay what they are. */
  private problem(error: unknown, { path, operation }: Trace): Reply {
    const known = translated(error, 'the namespace');
    const remote = remoteOf(known, path);
    if (!(remote instanceof RemoteException)) throw error;
    if (known instanceof FilesError && FAILURES.has(known.code)) {
      this.options.log.warn('webhdfs.call-failed', { operation, path, code: known.code });
    }
    return { status: remote.status, json: remote.json };
  }
}

/** The world's failures among what the file system refuses. */
const FAILURES: ReadonlySet<string> = new Set([
  ...['disk-full', 'io', 'corrupt', 'missing', 'busy', 'closed'],
]);

/** @throws RemoteException, FilesError, ClientGone */
async function answer(service: Service, client: Client, trace: Trace): Promise<Reply> {
  const { exchange } = client;
  const { request } = exchange;
  const { fields, contentLength } = request;
  const body = new IncomingBody(client);
  const rawPath = request.path();
  const rawQuery = request.hasQuery ? request.query() : '';
  const method = request.methodName();
  for (let nth = 0; nth < fields.count; nth++) {
    if (fields.name(nth).toLowerCase() === 'origin') throw denied('pages of browsers have no part');
  }
  const path = pathOf(rawPath);
  trace.path = path;
  const query = parseQuery(rawQuery);
  const operation = operationOf(method, query.get('op')?.[0]);
  trace.operation = operation.op;
  const { encrypted, localAddress, localPort } = exchange.client;
  const authority = request.authority() || `${localAddress}:${localPort}`;
  const call: Call = {
    ...{ service, files: service.files, query, authority, body },
    caller: callerOf(service, query),
    place: operation.method === 'GET' ? placeOf(path) : changeablePlace(path),
    nowMs: exchange.wallMs(),
    isDataStep: query.get('data')?.[0]?.toLowerCase() === 'true',
    bodyBytes: contentLength >= 0 ? contentLength : undefined,
    redirect: () => {
      const address = service.advertised ?? authority;
      const location = `${encrypted ? 'https' : 'http'}://${address}${rawPath}?${dataQuery(rawQuery)}`;
      const isAsked = query.get('noredirect')?.[0]?.toLowerCase() === 'true';
      // "HTTP Query Parameter Dictionary", noredirect: the address comes as JSON.
      return isAsked ? jsonReply({ Location: location }) : { status: 307, location };
    },
  };
  return operation.run(call);
}

/** The path of the file system. @throws RemoteException */
function pathOf(rawPath: string): string {
  const below = rawPath.slice(PREFIX.length);
  if (!rawPath.startsWith(PREFIX) || (below !== '' && !below.startsWith('/'))) {
    throw new RemoteException('FileNotFoundException', `Paths begin with ${PREFIX}: ${rawPath}`);
  }
  if (below === '') return '/';
  try {
    return decodeURIComponent(Buffer.from(below, 'latin1').toString());
  } catch {
    throw illegalParameter('path', 'it is no percent-encoded UTF-8');
  }
}

function dataQuery(rawQuery: string): string {
  const kept = rawQuery
    .split('&')
    .filter((pair) => pair !== '' && !/^(noredirect|namenoderpcaddress|data)(=|$)/i.test(pair));
  return [...kept, DATA_STEP].join('&');
}

/** @throws RemoteException AuthorizationException when somebody asks for another one. */
function callerOf(service: Service, query: Query): Caller {
  const user = query.get('user.name')?.[0] || service.anonymous;
  if (!USER.test(user)) {
    throw illegalParameter('user.name', `"${user}" does not match ${USER.source}`);
  }
  const other = query.get('doas')?.[0];
  if (other !== undefined && other !== '') {
    const says = `User: ${user} is not allowed to impersonate ${other}`;
    throw new RemoteException('AuthorizationException', says);
  }
  return new Caller(user, service.groups.get(user) ?? [], user === service.superuser);
}
