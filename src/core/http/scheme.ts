/** The scheme that a user asked by, which is not that of the connection where a proxy speaks for him. */
import { FieldId } from '../wire/index.ts';
import type { Exchange } from './exchange.ts';

/** Whether it is https: by the word of a proxy that is believed (X-Forwarded-Proto), else by the connection. Hot. */
export function isHttps({ client, request }: Exchange): boolean {
  if (!client.isTrusted) return client.encrypted;
  const told = request.fields.getList(FieldId.xForwardedProto)?.toLowerCase();
  // Of several nobody knows which is the user's.
  return told === 'https' || (told !== 'http' && client.encrypted);
}
