/**
 * The file of a pool's servers: a list, in YAML or JSON, of maps with the keys that servers have in the
 * configuration. `address` is needed, `name` is the address when it is missing.
 *
 *     - { address: 10.0.0.1:8080 }
 *     - { name: b, address: 10.0.0.2:8080, weight: 3, priority: 1, state: draining }
 *
 * Invariant: a text gives a whole list or its problems with their places, never a part of the list.
 */
import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type YAMLMap,
} from 'yaml';
import { didYouMean, fieldsByKey, type Place, type Problem } from '../../core/config/index.ts';
import { pools } from '../config/pools.ts';
import { parseServerAddress } from '../pools/address.ts';
import type { Member } from '../pools/pool-runtime.ts';
import { MEMBERS_MAX } from './limits.ts';
import { type MemberFacts, memberAt } from './member.ts';

export type MemberFile =
  | { readonly ok: true; readonly members: readonly Member[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What the name of a server that was found may be; `a.b-c:80` is one. */
export const MEMBER_NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,254}$/;
export const MEMBER_NAME_WANTED =
  '1 to 255 letters, digits and . _ : -, of which the first is a letter or digit';

const { servers } = pools.fields;
const fields = fieldsByKey(servers.fields);

/** Reads the text of the file `source`. */
export function readMembers(text: string, source: string): MemberFile {
  const lines = new LineCounter();
  const documents = [...parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })];
  const problems: Problem[] = [];
  const reader = new Reader(problems, (offset) => {
    const { line, col } = lines.linePos(offset);
    return { source, line: Math.max(line, 1), column: Math.max(col, 1) };
  });
  for (const document of documents) {
    for (const { pos, message } of [...document.errors, ...document.warnings]) {
      reader.tell(pos[0], `this is not valid YAML: ${message.split('\n', 1)[0]}`);
    }
  }
  if (problems.length > 0) return { ok: false, problems };
  const [document, second] = documents;
  if (second !== undefined) reader.tell(second.range[0], 'a second document begins here');
  const members = reader.list(document?.contents ?? null);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, members };
}

class Reader {
  private readonly problems: Problem[];
  private readonly place: (offset: number) => Place;

  constructor(problems: Problem[], place: (offset: number) => Place) {
    this.problems = problems;
    this.place = place;
  }

  tell(offset: number, text: string): void {
    this.problems.push({ place: this.place(offset), text });
  }

  list(node: Node | null): Member[] {
    // An empty file is more likely one that is being written than a wish for no servers, which is [].
    if (node === null || !isSeq(node)) {
      this.tell(node?.range?.[0] ?? 0, 'wanted a list of servers, [] for none');
      return [];
    }
    if (node.items.length > MEMBERS_MAX) {
      this.tell(
        node.range?.[0] ?? 0,
        `the list has ${node.items.length} servers, wanted at most ${MEMBERS_MAX}`,
      );
      return [];
    }
    const names = new Set<string>();
    return node.items.flatMap((item, i) => {
      const offset = (item as Node | null)?.range?.[0] ?? 0;
      if (!isMap(item)) {
        this.tell(offset, `[${i}] is no map, wanted a server: lines of key: value`);
        return [];
      }
      const member = this.member(item, `[${i}]`, offset);
      if (member === undefined) return [];
      const { name } = member.spec;
      if (names.has(name)) {
        this.tell(offset, `${name} is there twice, wanted one server of a name`);
      }
      names.add(name);
      return [member];
    });
  }

  private member(map: YAMLMap, at: string, offset: number): Member | undefined {
    const facts: Record<string, unknown> = {};
    const before = this.problems.length;
    let addressOffset = offset;
    for (const { key, value } of map.items) {
      const keyOffset = (key as Node).range?.[0] ?? offset;
      const name = isScalar(key) ? String(key.source ?? key.value) : '';
      const valueOffset = (value as Node | null)?.range?.[0] ?? keyOffset;
      if (name === 'address') addressOffset = valueOffset;
      if (name === 'name') {
        facts.name = this.name(value as Node | null, `${at}.name`, valueOffset);
        continue;
      }
      const known = fields.get(name);
      if (known?.field.is !== 'setting') {
        const hint = didYouMean(name, ['name', ...fields.keys()]);
        this.tell(keyOffset, `${at}.${name} is not known${hint}`);
        continue;
      }
      const raw = rawOf(value as Node | null, this.place(valueOffset));
      const reading = known.field.read(raw, `${at}.${name}`);
      if (reading.ok) facts[known.name] = reading.value;
      else this.problems.push(...reading.problems);
    }
    if (this.problems.length > before) return undefined;
    const { address: text } = facts;
    if (typeof text !== 'string') {
      this.tell(offset, `${at}.address is missing, wanted host:port or unix:/path`);
      return undefined;
    }
    const address = parseServerAddress(text);
    if (address === undefined) {
      const met = JSON.stringify(text);
      this.tell(addressOffset, `${at}.address is ${met}, wanted host:port or unix:/path`);
      return undefined;
    }
    // Every other fact was read by the setting of its name.
    return memberAt(address, { name: text, ...facts } as MemberFacts);
  }

  private name(node: Node | null, what: string, offset: number): string | undefined {
    const text = isScalar(node) ? String(node.source ?? node.value) : '';
    if (MEMBER_NAME.test(text)) return text;
    const met = isScalar(node) && text !== '' ? JSON.stringify(text) : 'no text';
    this.tell(offset, `${what} is ${met}, wanted ${MEMBER_NAME_WANTED}`);
    return undefined;
  }
}

/** A value as the settings read them: plain ones by their source, so that 1.10 stays 1.10. */
function rawOf(node: Node | null, place: Place) {
  if (node !== null && !isScalar(node)) return { type: 'list', items: [], place } as const;
  const text = node?.type === 'PLAIN' ? (node.source ?? '') : String(node?.value ?? '');
  const empty = node === null || node.value === null;
  return { type: 'scalar', text, empty, place } as const;
}
