/** Addresses as people write them. */

/** `host:port`; the host may be an IPv6 address, in brackets or not. Undefined for anything else. */
export function addressOf(text: string): { address: string; port: number } | undefined {
  const parts = /^(\[[\da-fA-F:.]+\]|[^\s[\]]+):(\d{1,5})$/.exec(text);
  const port = Number(parts?.[2]);
  if (parts?.[1] === undefined || port > 65_535) return undefined;
  return { address: parts[1].replace(/^\[|\]$/g, ''), port };
}
