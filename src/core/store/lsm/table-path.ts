/** Names of table files (docs/formats/lsm.md). */
import { join } from 'node:path';

const DIGITS = 16;
const NAME = /^(\d{16})\.tbl$/;

export function tablePath(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(DIGITS, '0')}.tbl`);
}

/** The number in a table's file name, null when it is no such name. */
export function tableNumber(name: string): number | null {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}
