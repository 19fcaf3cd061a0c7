/** A policy that can not be read. */
import { S3Error } from '../errors.ts';

export function malformed(says?: string): S3Error {
  return new S3Error('MalformedPolicy', says);
}
