/** The static table of HPACK: RFC 7541, appendix A. Indexes begin at 1. */

/** Fields of the table in order; a field without a value has an empty one. */
// biome-ignore format: a field a line is a page and a half
export const staticFields: readonly (readonly [string, string])[] = [
  [':authority', ''], [':method', 'GET'], [':method', 'POST'], [':path', '/'],
  [':path', '/index.html'], [':scheme', 'http'], [':scheme', 'https'], [':status', '200'],
  [':status', '204'], [':status', '206'], [':status', '304'], [':status', '400'],
  [':status', '404'], [':status', '500'], ['accept-charset', ''], ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''], ['accept-ranges', ''], ['accept', ''], ['access-control-allow-origin', ''],
  ['age', ''], ['allow', ''], ['authorization', ''], ['cache-control', ''],
  ['content-disposition', ''], ['content-encoding', ''], ['content-language', ''], ['content-length', ''],
  ['content-location', ''], ['content-range', ''], ['content-type', ''], ['cookie', ''],
  ['date', ''], ['etag', ''], ['expect', ''], ['expires', ''],
  ['from', ''], ['host', ''], ['if-match', ''], ['if-modified-since', ''],
  ['if-none-match', ''], ['if-range', ''], ['if-unmodified-since', ''], ['last-modified', ''],
  ['link', ''], ['location', ''], ['max-forwards', ''], ['proxy-authenticate', ''],
  ['proxy-authorization', ''], ['range', ''], ['referer', ''], ['refresh', ''],
  ['retry-after', ''], ['server', ''], ['set-cookie', ''], ['strict-transport-security', ''],
  ['transfer-encoding', ''], ['user-agent', ''], ['vary', ''], ['via', ''],
  ['www-authenticate', ''],
];

export const STATIC_COUNT = 61;

/** Octets of all fields, name before value; entry `i` begins at `staticStarts[i]`. */
export const staticOctets = Buffer.from(staticFields.flat().join(''), 'latin1');
export const staticStarts = new Int32Array(STATIC_COUNT + 1);
export const staticNameLengths = new Int32Array(STATIC_COUNT + 1);
export const staticValueLengths = new Int32Array(STATIC_COUNT + 1);

let start = 0;
staticFields.forEach(([name, value], index) => {
  staticStarts[index + 1] = start;
  staticNameLengths[index + 1] = name.length;
  staticValueLengths[index + 1] = value.length;
  start += name.length + value.length;
});

/** Index of the first field of the name, 0 if there is none. */
export function staticIndexOf(name: string): number {
  return staticFields.findIndex((field) => field[0] === name) + 1;
}
