/** Names that clients give themselves: printable ASCII without blanks, so that CLIENT LIST can be read. */
import { ReplyError } from '../../errors.ts';

const PRINTABLE = /^[!-~]*$/;

/** Returns the name; @throws when it has characters that are not allowed. */
export function checkClientName(name: string): string {
  if (PRINTABLE.test(name)) return name;
  throw new ReplyError('ERR Client names cannot contain spaces, newlines or special characters.');
}

/** As `checkClientName` for lib-name and lib-ver. */
export function checkLibraryText(attribute: string, text: string): string {
  if (PRINTABLE.test(text)) return text;
  throw new ReplyError(`ERR ${attribute} cannot contain spaces, newlines or special characters.`);
}
