/** HTTP on accepted connections. */
export { Http1Connection } from './http1-connection.ts';
export { HTTP_LIMITS, type HttpLimits } from './limits.ts';
export { type HttpListener, type HttpListenOptions, listenHttp } from './serve.ts';
export type {
  HttpRefusal,
  HttpServer,
  HttpServerEvents,
  RefusalAnswer,
  RequestEnding,
} from './server.ts';
