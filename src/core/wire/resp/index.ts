/** The Redis serialization protocol: requests in, replies out. */
export { Args } from './args.ts';
export { formatDouble } from './double.ts';
export { splitInline } from './inline.ts';
export { Parsed, type ParserLimits, RespParser } from './parser.ts';
export { RespWriter, type RespWriterOptions } from './writer.ts';
