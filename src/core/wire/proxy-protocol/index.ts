/** The PROXY protocol, versions 1 and 2: who is really at the other end of a connection. */
export { encodeProxyHeader, encodeProxyLine } from './encode.ts';
export {
  type ProxyEndpoints,
  type ProxyHeader,
  type ProxyParsed,
  type ProxyProblem,
  proxyProblemTable,
} from './header.ts';
export { parseProxyHeader } from './parse.ts';
