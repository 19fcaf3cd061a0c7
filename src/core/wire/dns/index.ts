/** Messages of DNS: strict readers, a writer, records and their text. */
export {
  DNSSEC_OK,
  dnsClasses,
  ednsOptions,
  HEADER_BYTES,
  headerBits,
  metaTypes,
  OPT_BYTES,
  QUESTION_POINTER,
  rcodeNames,
  rcodes,
  recordTypes,
  typeName,
  typeOf,
} from './constants.ts';
export { type DnsMessage, readMessage } from './message-reader.ts';
export { MessageWriter, typeNumber } from './message-writer.ts';
export {
  type DnsName,
  foldName,
  isWithin,
  nameOf,
  nameText,
  parentOf,
  ROOT,
  readName,
} from './name.ts';
export { QueryReader, QueryVerdict } from './query-reader.ts';
export type {
  DnsRecord,
  RecordData,
  ServiceBinding,
  ServiceParam,
  StartOfAuthority,
} from './record-data.ts';
export { lineWords, parseRecordData, recordDataText } from './record-text.ts';
export { parseServiceParams, serviceKeys, serviceParamText } from './service-params.ts';
