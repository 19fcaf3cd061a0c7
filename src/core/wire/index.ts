/** Pure parsers and encoders of the protocols that Plinth speaks. */
export * from './dns/index.ts';
export * from './http/index.ts';
export * from './http1/index.ts';
export * from './http2/index.ts';
export * from './proxy-protocol/index.ts';
export * from './resp/index.ts';
export * from './tls-hello/index.ts';
