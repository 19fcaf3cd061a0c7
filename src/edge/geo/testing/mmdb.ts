/**
 * Makes small files of the format MaxMind DB 2.0 (https://maxmind.github.io/MaxMind-DB/), for tests.
 */
import { invariant, parseNetwork } from '../../../core/base/index.ts';

export type MmdbValue = string | number | { readonly [key: string]: MmdbValue };

/** A node's two records: another node, a place in the data section, or nothing. */
type NodeRecord = { kind: 'node'; node: TreeNode } | { kind: 'data'; at: number } | null;
type TreeNode = [NodeRecord, NodeRecord];

/**
 * @param entries values by network; of nested networks the wider ones come first.
 * @param ipVersion 4: no IPv6 addresses.
 */
export function makeMmdb(
  entries: Readonly<Record<string, MmdbValue>>,
  ipVersion: 4 | 6 = 6,
): Buffer {
  const root: TreeNode = [null, null];
  const data: Buffer[] = [];
  let dataAt = 0;
  for (const [text, value] of Object.entries(entries)) {
    const parsed = parseNetwork(text);
    invariant(parsed.kind === 'network', 'entries are networks');
    const { bytes, prefixBits } = parsed.network;
    // IPv4 addresses are the first 2^32 of IPv6.
    const lead = bytes.length === 4 && ipVersion === 6 ? 96 : 0;
    const bitAt = (at: number): number =>
      at < lead ? 0 : (bytes[(at - lead) >> 3]! >> (7 - ((at - lead) & 7))) & 1;
    insert(root, lead + prefixBits, bitAt, dataAt);
    const encoded = encode(value);
    data.push(encoded);
    dataAt += encoded.length;
  }
  const nodes: TreeNode[] = [];
  collect(root, nodes);
  const tree = Buffer.alloc(nodes.length * 8);
  nodes.forEach((node, index) => {
    node.forEach((record, side) => {
      const value =
        record === null
          ? nodes.length
          : record.kind === 'node'
            ? nodes.indexOf(record.node)
            : nodes.length + 16 + record.at;
      tree.writeUInt32BE(value, index * 8 + side * 4);
    });
  });
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_700_000_000,
    database_type: 'Test',
    description: { en: 'Test' },
    ip_version: ipVersion,
    node_count: nodes.length,
    record_size: 32,
  });
  const mark = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
  return Buffer.concat([tree, Buffer.alloc(16), ...data, mark, metadata]);
}

function insert(root: TreeNode, bits: number, bitAt: (at: number) => number, at: number): void {
  let node = root;
  for (let depth = 0; depth < bits - 1; depth++) {
    const side = bitAt(depth) as 0 | 1;
    const record = node[side];
    if (record?.kind === 'node') {
      node = record.node;
      continue;
    }
    // What the wider network says goes on beside the narrower one.
    const next: TreeNode = [record, record];
    node[side] = { kind: 'node', node: next };
    node = next;
  }
  node[bitAt(bits - 1) as 0 | 1] = { kind: 'data', at };
}

function collect(node: TreeNode, into: TreeNode[]): void {
  into.push(node);
  for (const record of node) if (record?.kind === 'node') collect(record.node, into);
}

function encode(value: MmdbValue): Buffer {
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    return Buffer.concat([control(2, text.length), text]);
  }
  if (typeof value === 'number') {
    if (Number.isInteger(value) && value >= 0) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return Buffer.concat([control(6, 4), bytes]);
    }
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return Buffer.concat([control(3, 8), bytes]);
  }
  const pairs = Object.entries(value).flatMap(([key, each]) => [encode(key), encode(each)]);
  return Buffer.concat([control(7, Object.keys(value).length), ...pairs]);
}

function control(type: number, size: number): Buffer {
  invariant(size < 285, 'values of tests are short');
  return Buffer.from(size < 29 ? [(type << 5) | size] : [(type << 5) | 29, size - 29]);
}
