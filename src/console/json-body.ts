/** Bodies that are JSON texts (RFC 8259). */

export type ParsedJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly why: string };

export function parseJson(body: Buffer): ParsedJson {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    // The message of a syntax error quotes the body, which may hold a secret.
    const why = error instanceof SyntaxError ? 'it cannot be parsed' : 'it is not UTF-8';
    return { ok: false, why: body.length === 0 ? 'it is empty' : why };
  }
}
