/** The last commands that took long (SLOWLOG): a bounded list, newest first. */
import type { Args } from '../../core/wire/index.ts';
import type { Command } from '../command/table.ts';
import { slowlogArgBytesMax, slowlogArgsMax } from '../limits.ts';
import { addressOf } from '../session/describe.ts';
import type { Session } from '../session/session.ts';
import { REDACTED, secretArgs } from './redact.ts';

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
    const bytes = secret.has(i) ? Buffer.from(REDACTED) : args.bytes(i);
    if (bytes.length <= slowlogArgBytesMax) list.push(Buffer.from(bytes));
    else {
      const rest = `... (${bytes.length - slowlogArgBytesMax} more bytes)`;
      list.push(Buffer.concat([bytes.subarray(0, slowlogArgBytesMax), Buffer.from(rest)]));
    }
  }
  if (shown < args.count) {
    list.push(Buffer.from(`... (${args.count - shown} more arguments)`));
  }
  return list;
}
