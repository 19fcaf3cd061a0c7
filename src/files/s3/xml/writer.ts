/**
 * Writes XML answers: elements and texts, escaped; no attributes but those of the caller.
 *
 * Characters that XML 1.0 can not have (most controls) are written as character references, as S3 does; who wants
 * to read such keys asks for encoding-type=url.
 */

export const XMLNS = 'http://s3.amazonaws.com/doc/2006-03-01/';
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** A piece of XML that is ready. */
export type Xml = string & { readonly brand: 'xml' };

/** `<name>text</name>`, escaped; undefined gives nothing at all. */
export function leaf(name: string, text: string | number | boolean | undefined): Xml {
  if (text === undefined) return '' as Xml;
  const escaped = typeof text === 'string' ? escapeXml(text) : text;
  return `<${name}>${escaped}</${name}>` as Xml;
}

/** An element with elements in it. */
export function node(name: string, ...children: readonly (Xml | readonly Xml[])[]): Xml {
  return `<${name}>${joined(children)}</${name}>` as Xml;
}

/** Elements one behind the other. */
export function join(children: readonly Xml[]): Xml {
  return children.join('') as Xml;
}

/** Markup that the caller answers for. */
export function markup(text: string): Xml {
  return text as Xml;
}

/** A whole answer. */
export function xmlDocument(name: string, ...children: readonly (Xml | readonly Xml[])[]): string {
  return `${DECLARATION}<${name} xmlns="${XMLNS}">${joined(children)}</${name}>`;
}

/** A whole answer without a namespace: errors have none. */
export function plainDocument(
  name: string,
  ...children: readonly (Xml | readonly Xml[])[]
): string {
  return `${DECLARATION}<${name}>${joined(children)}</${name}>`;
}

const SPECIAL = /[&<>"\p{Cc}\ufffe\uffff]/u;
const SPECIALS = /[&<>"\p{Cc}\ufffe\uffff]/gu;
const NAMED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '\t',
  '\n': '\n',
};

export function escapeXml(value: string): string {
  if (!SPECIAL.test(value)) return value;
  return value.replace(
    SPECIALS,
    (letter) => NAMED[letter] ?? `&#x${letter.charCodeAt(0).toString(16)};`,
  );
}

function joined(children: readonly (Xml | readonly Xml[])[]): string {
  let text = '';
  for (const child of children) text += typeof child === 'string' ? child : child.join('');
  return text;
}
