/** Replies and values that differ in nothing but how their numbers are written, or in last digits. */
import { isAggregate, type Reply, show } from '../../../support/resp-reply.ts';

export type SameNumber = (left: string, right: string) => boolean;

const equal: SameNumber = (left, right) => Number(left) === Number(right);
/** What the last digits of sines and roots make of a distance. */
export const near: SameNumber = (left, right) =>
  Math.abs(Number(left) - Number(right)) <= Math.abs(Number(left)) * 1e-14;
/** Both beyond what a double counts one by one. */
export const huge: SameNumber = (left, right) =>
  Math.min(Math.abs(Number(left)), Math.abs(Number(right))) >= 2 ** 52;

/** Whether two trees differ only in numbers that are the same in this sense. */
export function sameNumbers(left: Reply, right: Reply, same: SameNumber = equal): boolean {
  if (isAggregate(left) || isAggregate(right)) {
    if (!isAggregate(left) || !isAggregate(right) || left.type !== right.type) return false;
    if (left.items.length !== right.items.length) return false;
    return left.items.every((item, index) => sameNumbers(item, right.items[index] as Reply, same));
  }
  if (show(left) === show(right)) return true;
  if (left.type !== right.type || !['bulk', 'double', 'integer'].includes(left.type)) return false;
  return left.text.trim() !== '' && same(left.text, right.text);
}

/** As `sameNumbers` for texts, whose numbers stand between blanks and brackets. */
export function sameTexts(left: string, right: string, same: SameNumber): boolean {
  const [lefts, rights] = [left.split(/[\s[\]]+/), right.split(/[\s[\]]+/)];
  return (
    lefts.length === rights.length &&
    lefts.every((word, index) => {
      const other = rights[index] ?? '';
      return word === other || same(word.replace(/^:/, ''), other.replace(/^:/, ''));
    })
  );
}
