/** A ready response made of texts, for tests. */
import {
  HEAD_LIMITS,
  MethodId,
  nextFieldsId,
  parseResponseHead,
  type ReadyResponse,
  ResponseHead,
} from '../../src/core/wire/index.ts';

/** @param lines of fields; its Content-Length comes behind them. */
export function readyOf(lines: readonly string[], body: string, status = 200): ReadyResponse {
  const before = 'what lies there before it';
  const start = `HTTP/1.1 ${status} OK\r\n`;
  const all = [...lines, `Content-Length: ${body.length}`, '', ''].join('\r\n');
  const buffer = Buffer.from(before + start + all + body, 'latin1');
  const linesStart = before.length + start.length;
  return {
    ...{ status, buffer, linesStart },
    fieldsId: nextFieldsId(),
    bodyBytes: body.length,
    bodyStart: linesStart + all.length,
    readFields: (fields) => {
      const head = new ResponseHead();
      parseResponseHead(head, buffer, before.length, buffer.length, HEAD_LIMITS, MethodId.get);
      fields.copyFrom(head.fields, 0, buffer.length);
    },
  };
}
