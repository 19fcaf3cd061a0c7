/**
 * multipart/form-data (RFC 7578) as a stream: the fields before the file in memory, within a limit, the file piece by
 * piece. What follows the file is read and ignored, as S3 has it.
 */
import { S3Error } from '../errors.ts';
import { LIMITS } from '../limits.ts';

const CRLF = Buffer.from('\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');

export interface Form {
  /** Names in small letters. */
  readonly fields: ReadonlyMap<string, string>;
  readonly fileName: string;
  readonly fileType: string | undefined;
  /** To be read to its end. */
  readonly file: AsyncIterable<Buffer>;
}

/** Of a Content-Type; undefined when it is none of a form. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const match = /^multipart\/form-data\s*;.*\bboundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(
    contentType ?? '',
  );
  return match?.[1] ?? match?.[2];
}

export function isForm(contentType: string | undefined): boolean {
  return /^multipart\/form-data\s*(?:;|$)/i.test(contentType ?? '');
}

/** Reads up to the beginning of the file. @throws S3Error */
export async function readForm(source: AsyncIterable<Buffer>, boundary: string): Promise<Form> {
  const ahead = new Ahead(source[Symbol.asyncIterator]());
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  await ahead.through(delimiter.subarray(2), LIMITS.formBytes);
  const fields = new Map<string, string>();
  let left = LIMITS.formBytes;
  for (;;) {
    // `--` behind a boundary is the end; a line end begins a part.
    const mark = (await ahead.through(CRLF, 64)).toString('latin1');
    if (mark.startsWith('--')) throw new S3Error('IncorrectNumberOfFilesInPostRequest');
    const head = (await ahead.through(HEAD_END, left)).toString();
    const { name, fileName, type } = partHead(head);
    if (name === 'file') {
      const file = ahead.until(delimiter);
      return { fields, fileName: fileName ?? '', fileType: type, file };
    }
    const value = (await ahead.through(delimiter, left)).toString();
    left -= head.length + value.length;
    if (left <= 0) throw new S3Error('MaxPostPreDataLengthExceededError');
    if (fields.has(name)) throw new S3Error('MalformedPOSTRequest');
    fields.set(name, value);
  }
}

function partHead(head: string): { name: string; fileName?: string; type?: string } {
  const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head)?.[1];
  const name = /(?:^|;)\s*name="([^"]*)"/i.exec(disposition ?? '')?.[1];
  if (name === undefined || name === '') throw new S3Error('MalformedPOSTRequest');
  const fileName = /;\s*filename="([^"]*)"/i.exec(disposition ?? '')?.[1];
  const type = /^content-type:\s*(\S.*?)\s*$/im.exec(head)?.[1];
  return {
    name: name.toLowerCase(),
    ...(fileName !== undefined && { fileName: fileName.replace(/^.*[\\/]/, '') }),
    ...(type !== undefined && { type }),
  };
}

/** Looks for marks in a stream of pieces. */
class Ahead {
  private readonly source: AsyncIterator<Buffer>;
  private bytes: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterator<Buffer>) {
    this.source = source;
  }

  /** What stands before a mark, which is passed. @throws S3Error when it does not come within `max` bytes */
  async through(mark: Buffer, max: number): Promise<Buffer> {
    // An empty text may have the line end of its head as that of its boundary.
    for (;;) {
      const at = this.bytes.indexOf(mark);
      if (at !== -1) {
        const before = this.bytes.subarray(0, at);
        this.bytes = this.bytes.subarray(at + mark.length);
        return before;
      }
      if (this.bytes.length > max) throw new S3Error('MaxPostPreDataLengthExceededError');
      await this.more();
    }
  }

  /** The bytes before a mark as they come; behind it everything is read and dropped. */
  async *until(mark: Buffer): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.bytes.indexOf(mark);
      if (at !== -1) {
        if (at > 0) yield this.bytes.subarray(0, at);
        this.bytes = Buffer.alloc(0);
        break;
      }
      // The mark may have begun in the last bytes.
      const sure = this.bytes.length - mark.length + 1;
      if (sure > 0) {
        yield this.bytes.subarray(0, sure);
        this.bytes = this.bytes.subarray(sure);
      }
      await this.more();
    }
    while ((await this.source.next()).done !== true);
  }

  private async more(): Promise<void> {
    // The piece at hand may be overwritten by the next one.
    const kept = Buffer.from(this.bytes);
    const { done, value } = await this.source.next();
    if (done === true) throw new S3Error('MalformedPOSTRequest');
    this.bytes = kept.length === 0 ? value : Buffer.concat([kept, value]);
  }
}
