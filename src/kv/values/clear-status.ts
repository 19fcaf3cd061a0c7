/** Lets no element of a value in nodes count as stored or changed. */
import type { NodeOwner } from '../keyspace/index.ts';

export function clearStatus(owner: NodeOwner): void {
  owner.table.each((node) => {
    owner.setStatus(node, 0);
    return true;
  });
}
