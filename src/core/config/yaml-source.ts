/**
 * Reads YAML into raw values with their lines and columns. What YAML can say and a configuration does not
 * need (aliases, which can make a short file unfold to billions of values, several documents, keys that
 * are not text) is a problem.
 */
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from 'yaml';
import type { Place, Problem } from './problem.ts';
import type { Raw, RawEntry, Reading } from './raw.ts';

/** Nesting beyond which a file is refused; settings need four levels. */
const DEPTH_MAX = 32;

/** A file's raw values, and the document that they were read from. */
export interface YamlFile {
  readonly raw: Raw;
  /** Undefined when the text has no document, not even an empty one. */
  readonly document: Document.Parsed | undefined;
}

/** The raw values of a file's text, or its syntax errors. `source` names the file in places. */
export function readYaml(text: string, source: string): Reading<Raw> {
  const reading = readYamlFile(text, source);
  return reading.ok ? { ok: true, value: reading.value.raw } : reading;
}

/** As `readYaml`, with the document for those who edit it. */
export function readYamlFile(text: string, source: string): Reading<YamlFile> {
  const lines = new LineCounter();
  // A document without content is an empty list here, hence the union.
  const documents = [
    ...parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, keepSourceTokens: true }),
  ];
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { source, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems: Problem[] = documents.flatMap((document) =>
    [...document.errors, ...document.warnings].map((error) => ({
      place: place(error.pos[0]),
      text: `this is not valid YAML: ${firstLine(error.message)}`,
    })),
  );
  const [document, second] = documents;
  if (second !== undefined) {
    problems.push({
      place: place(second.range[0]),
      text: 'a second document begins here, wanted one',
    });
  }
  if (problems.length > 0) return { ok: false, problems };
  if (document === undefined) return { ok: true, value: { raw: emptyAt(place(0)), document } };
  const raw = toRaw(document.contents, place, problems, 0);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: { raw, document } };
}

function toRaw(
  node: Node | null,
  place: (offset: number) => Place,
  problems: Problem[],
  depth: number,
): Raw {
  if (node === null) return emptyAt(place(0));
  const here = place(node.range?.[0] ?? 0);
  if (depth > DEPTH_MAX) {
    problems.push({ place: here, text: `nested deeper than ${DEPTH_MAX} levels` });
    return emptyAt(here);
  }
  if (isScalar(node)) return scalarRaw(node.value, node.source, node.type, here);
  if (isSeq(node)) {
    const items = node.items.map((item) => toRaw(item as Node | null, place, problems, depth + 1));
    return { type: 'list', items, place: here };
  }
  if (isMap(node)) {
    const entries: RawEntry[] = [];
    for (const { key, value } of node.items) {
      const keyPlace = place((key as Node).range?.[0] ?? 0);
      if (!isScalar(key)) {
        problems.push({ place: keyPlace, text: 'a key is a word' });
        continue;
      }
      const raw =
        value === null ? emptyAt(keyPlace) : toRaw(value as Node, place, problems, depth + 1);
      // `port:` with nothing behind it: the key is a better place to point at than the gap.
      const shown = raw.type === 'scalar' && raw.empty && raw.text === '' ? keyPlace : raw.place;
      entries.push({
        key: String(key.source ?? key.value),
        keyPlace,
        value: { ...raw, place: shown },
      });
    }
    return { type: 'map', entries, place: here };
  }
  problems.push({ place: here, text: 'an alias stands here, wanted the value itself' });
  return emptyAt(here);
}

function scalarRaw(
  value: unknown,
  source: string | undefined,
  type: string | null | undefined,
  place: Place,
): Raw {
  // Plain scalars keep their source, quoted and block ones their resolved value.
  const text = type === 'PLAIN' ? (source ?? String(value)) : String(value);
  return { type: 'scalar', text, empty: value === null, place };
}

function emptyAt(place: Place): Raw {
  return { type: 'scalar', text: '', empty: true, place };
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] as string;
}
