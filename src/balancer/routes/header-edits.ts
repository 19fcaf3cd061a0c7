/**
 * Edits of fields, read once and carried out without strings.
 *
 *     name: value     sets: one line with the value is left
 *     +name: value    adds a line
 *     -name           removes all lines
 *
 * They are carried out in their order. Values are sent as UTF-8. Fields that frame a message or belong to one
 * connection are not to be edited: RFC 9112 section 6, RFC 9110 section 7.6.1.
 */
import {
  FieldId,
  type Fields,
  FRAMING_LAST,
  fieldIdOf,
  lowerName,
  TOKEN,
  VALUE_BYTE,
} from '../../core/wire/index.ts';
import { findField } from './conditions.ts';
import type { Report } from './route-problems.ts';

const Act = { set: 0, add: 1, remove: 2 } as const;
type Act = (typeof Act)[keyof typeof Act];

interface Edit {
  readonly act: Act;
  readonly id: FieldId;
  readonly name: Buffer;
  readonly lower: Buffer;
  readonly value: Buffer;
}

const CONNECTION_FIELDS: ReadonlySet<number> = new Set([
  FieldId.keepAlive,
  FieldId.proxyConnection,
  FieldId.te,
  FieldId.trailer,
  FieldId.http2Settings,
]);

export class HeaderEdits {
  private readonly edits: readonly Edit[];

  constructor(texts: readonly string[], setting: string, report: Report) {
    this.edits = texts.flatMap((text) => {
      const edit = editOf(text);
      if (typeof edit !== 'string') return [edit];
      report(setting, `has ${JSON.stringify(text)}, ${edit}`);
      return [];
    });
  }

  get isEmpty(): boolean {
    return this.edits.length === 0;
  }

  /** False when there was no room for all: then no line that was to be replaced is left either. */
  apply(fields: Fields): boolean {
    const { edits } = this;
    let done = true;
    for (let i = 0; i < edits.length; i++) if (!applyOne(fields, edits[i]!)) done = false;
    return done;
  }
}

function applyOne(fields: Fields, { act, id, name, lower, value }: Edit): boolean {
  if (act === Act.add) return fields.add(name, value);
  let index = findField(fields, id, lower, 0);
  const kept = act === Act.set && index !== -1 && fields.setValue(index, value);
  if (kept) index = findField(fields, id, lower, index + 1);
  for (; index !== -1; index = findField(fields, id, lower, index + 1)) fields.remove(index);
  return kept || act === Act.remove || fields.add(name, value);
}

/** An edit, or what is wrong with it. */
function editOf(text: string): Edit | string {
  const act = text.startsWith('+') ? Act.add : text.startsWith('-') ? Act.remove : Act.set;
  const rest = act === Act.set ? text : text.slice(1);
  const colon = rest.indexOf(':');
  if (act === Act.remove && colon !== -1) return 'and - is for a name without a value';
  if (act !== Act.remove && colon === -1) return 'which has no value: name: value';
  const name = Buffer.from((colon === -1 ? rest : rest.slice(0, colon)).trim());
  if (name.length === 0 || !name.every((byte) => TOKEN[byte] !== 0)) return 'which names no field';
  const lower = lowerName(name.toString('latin1'));
  const id = fieldIdOf(lower, 0, lower.length);
  if (id === FieldId.host) return 'and the host is set by rewrite_host';
  if ((id > 0 && id <= FRAMING_LAST) || CONNECTION_FIELDS.has(id)) {
    return 'which belongs to the connection and cannot be edited';
  }
  const value = Buffer.from(colon === -1 ? '' : rest.slice(colon + 1).trim());
  if (!value.every((byte) => VALUE_BYTE[byte] !== 0)) return 'which has a control character';
  return { act, id, name, lower, value };
}
