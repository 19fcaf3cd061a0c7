/**
 * Reads the XML of a request into elements: saxes finds what is not well-formed, this bounds depth and number.
 *
 * Entities beyond XML's own five are refused, a DOCTYPE too: nobody needs them and they expand. Namespaces are
 * ignored: clients send the one of S3, none, or a wrong one. Of attributes only `xsi:type` says anything in S3.
 */
import { SaxesParser } from 'saxes';
import { S3Error } from '../errors.ts';
import { LIMITS } from '../limits.ts';

export interface XmlElement {
  /** Without a prefix. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  /** All text in it, not in its children. */
  text: string;
}

/**
 * The root, which must have this name.
 * @throws S3Error MalformedXML
 */
export function readXml(bytes: Buffer, root: string): XmlElement {
  const parser = new SaxesParser({ xmlns: false, position: false });
  const top: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open: XmlElement[] = [top];
  let elements = 0;
  parser.on('error', () => {
    throw new S3Error('MalformedXML');
  });
  parser.on('doctype', () => {
    throw new S3Error('MalformedXML');
  });
  parser.on('opentag', ({ name, attributes }) => {
    elements++;
    if (elements > LIMITS.xmlElements || open.length > LIMITS.xmlDepth) {
      throw new S3Error('MalformedXML');
    }
    const element = { name: withoutPrefix(name), attributes, children: [], text: '' };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => {
    open.pop();
  });
  const addText = (text: string): void => {
    const element = open.at(-1);
    if (element !== undefined && element !== top) element.text += text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.write(textOf(bytes)).close();
  const [element] = top.children;
  if (element === undefined || element.name !== root) throw new S3Error('MalformedXML');
  return element;
}

/** The children of this name. */
export function childrenOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/**
 * The one child of this name, undefined when there is none.
 * @throws S3Error MalformedXML when there are several.
 */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  const [first, second] = childrenOf(element, name);
  if (second !== undefined) throw new S3Error('MalformedXML');
  return first;
}

/** The text of the one child of this name, undefined when there is none; blanks around it are dropped. */
export function textIn(element: XmlElement, name: string): string | undefined {
  return childOf(element, name)?.text.trim();
}

/** As `textIn`. @throws S3Error MalformedXML when there is none. */
export function neededText(element: XmlElement, name: string): string {
  const text = textIn(element, name);
  if (text === undefined || text === '') throw new S3Error('MalformedXML');
  return text;
}

/** @throws S3Error MalformedXML when another child is there than these. */
export function onlyChildren(element: XmlElement, names: readonly string[]): void {
  if (element.children.some(({ name }) => !names.includes(name))) {
    throw new S3Error('MalformedXML');
  }
}

/** A whole number as the text says it. @throws S3Error MalformedXML */
export function numberIn(element: XmlElement, name: string): number | undefined {
  const text = textIn(element, name);
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new S3Error('MalformedXML');
  return Number(text);
}

function withoutPrefix(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new S3Error('MalformedXML');
  }
}
