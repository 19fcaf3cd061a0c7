/**
 * Who the request's Host header says it speaks to. A door on loopback has no password because only this
 * machine reaches it, but a web page in a browser of this machine can have its own name resolve to 127.0.0.1
 * (DNS rebinding) and then read what the door says. Such a request bears the page's name as its Host, so a
 * door on loopback answers to names of loopback only. Elsewhere any name is right: who listens on a network
 * chose to be reached by it.
 */

/** True when a door on `address` (as configured) answers a request with this Host header. */
export function hostIsMeant(header: string | undefined, address: string): boolean {
  if (!isLoopback(bare(address))) return true;
  // Only HTTP/1.0 may leave it out (RFC 9112 3.2), which no browser speaks; node:http refuses the others.
  if (header === undefined) return true;
  const name = nameOf(header);
  return name !== undefined && isLoopback(name);
}

/** The name without port, brackets and final dot (RFC 9110 7.2); undefined for what is none. */
function nameOf(header: string): string | undefined {
  const parts = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(:\d*)?$/i.exec(header);
  return parts?.[1] === undefined ? undefined : bare(parts[1]).replace(/\.$/, '');
}

function bare(address: string): string {
  return address.replace(/^\[|\]$/g, '').toLowerCase();
}

/** RFC 6890 (127.0.0.0/8), RFC 4291 2.5.3 (::1), RFC 6761 6.3 (localhost). */
export function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}
