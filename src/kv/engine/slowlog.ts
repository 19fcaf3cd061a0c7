/** The last commands that took long (SLOWLOG): a bounded list, newest first. */
import { ownBytes, ownCopy } from '../../core/base/index.ts';
import type { Args } from '../../core/wire/index.ts';
import type { Command } from '../command/table.ts';
import { slowlogArgBytesMax, slowlogArgsMax } from '../limits.ts';
import { addressOf } from '../session/describe.ts';
import type { Session } from '../session/session.ts';
import { REDACTED, secretArgs } from './redact.ts';

const REDACTED_BYTES = ownBytes(REDACTED);

export interface SlowlogEntry {
  readonly id: number;
  /** Unix seconds. */
  readonly time: number;
  readonly micros: number;
  readonly args: Buffer[];
  readonly address: string;
  readonly clientName: string;
}

export class Slowlog {
  entries: SlowlogEntry[] = [];
  private nextId = 0;

  /** `ran`: the command and its arguments. */
  add(
    session: Session,
    ran: { command: Command; args: Args },
    micros: number,
    nowMs: number,
    lengthMax: number,
  ): void {
    if (lengthMax <= 0) return;
    this.entries.unshift({
      id: this.nextId++,
      time: Math.floor(nowMs / 1000),
      micros,
      args: shortened(ran.command, ran.args),
      address: addressOf(session),
      clientName: session.name,
    });
    if (this.entries.length > lengthMax) this.entries.length = lengthMax;
  }

  reset(): void {
    this.entries = [];
  }
}

function shortened(command: Command, args: Args): Buffer[] {
  const list: Buffer[] = [];
  const secret = secretArgs(command, args);
  const shown = args.count > slowlogArgsMax ? slowlogArgsMax - 1 : args.count;
  for (let i = 0; i < shown; i++) {
    const bytes = args.bytes(i);
    if (secret.has(i)) list.push(REDACTED_BYTES);
    else if (bytes.length <= slowlogArgBytesMax) list.push(ownCopy(bytes));
    else {
      const rest = `... (${bytes.length - slowlogArgBytesMax} more bytes)`;
      list.push(ownBytes(bytes.toString('latin1', 0, slowlogArgBytesMax) + rest, 'latin1'));
    }
  }
  if (shown < args.count) {
    list.push(ownBytes(`... (${args.count - shown} more arguments)`));
  }
  return list;
}
