/**
 * Which content types gain by compression: text, and formats that are not compressed themselves. Pictures, films,
 * sounds, archives and most fonts are; what nobody knows is left as it is.
 */

const TYPES: ReadonlySet<string> = new Set([
  ...['application/javascript', 'application/x-javascript', 'application/ecmascript'],
  ...['application/json', 'application/manifest+json', 'application/x-ndjson'],
  ...['application/xml', 'application/xml-dtd', 'application/sql', 'application/graphql'],
  ...['application/yaml', 'application/toml', 'application/rtf', 'application/postscript'],
  ...['application/wasm', 'application/x-sh', 'application/x-httpd-php', 'application/typescript'],
  ...['application/vnd.apple.mpegurl', 'application/x-mpegurl', 'application/dash+xml'],
  ...['application/vnd.ms-fontobject', 'application/x-font-ttf', 'application/x-font-opentype'],
  ...['font/ttf', 'font/otf', 'font/sfnt', 'font/collection'],
  ...['image/svg+xml', 'image/bmp', 'image/x-icon', 'image/vnd.microsoft.icon', 'image/x-ms-bmp'],
  ...['model/gltf+json', 'model/obj', 'message/rfc822'],
]);

/** Structured syntaxes that are text whatever stands before them, RFC 6839. */
const SUFFIXES = /\+(?:json|xml|yaml|json-seq)$/;

/** A stream of events is to be sent as it comes, and its end may be far. */
const NEVER: ReadonlySet<string> = new Set(['text/event-stream']);

/**
 * @param contentType as received, with parameters.
 * @param others further types that a rule names, small letters; `image/*` stands for all images.
 */
export function typeGains(contentType: string | undefined, others: readonly string[]): boolean {
  const type = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (type === '' || NEVER.has(type)) return false;
  if (type.startsWith('text/') || TYPES.has(type) || SUFFIXES.test(type)) return true;
  return others.some((other) =>
    other.endsWith('/*') ? type.startsWith(other.slice(0, -1)) : type === other,
  );
}
