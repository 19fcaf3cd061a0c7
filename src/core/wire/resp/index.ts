/** The Redis serialization protocol: requests in and replies out, and the same from a client's side. */
export { Args } from './args.ts';
export { type Arg, CommandWriter, encodeCommand } from './command-writer.ts';
export { formatDouble } from './double.ts';
export { splitInline } from './inline.ts';
export { Parsed, type ParserLimits, RespParser } from './parser.ts';
export {
  isFault,
  type Reply,
  type ReplyFault,
  type ReplyLimits,
  ReplyReader,
} from './reply-reader.ts';
export { RespWriter, type RespWriterOptions } from './writer.ts';
