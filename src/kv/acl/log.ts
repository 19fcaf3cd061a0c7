/** What was refused lately (ACL LOG): a bounded list, newest first, equal refusals counted together. */

export type AclLogReason = 'auth' | 'command' | 'key' | 'channel';
export type AclLogContext = 'toplevel' | 'multi' | 'lua';

export interface AclLogEntry {
  readonly id: number;
  count: number;
  readonly reason: AclLogReason;
  readonly context: AclLogContext;
  /** The command, key or channel that was refused; AUTH or HELLO for a login. */
  readonly object: string;
  readonly username: string;
  /** Unix ms. */
  readonly createdMs: number;
  updatedMs: number;
  /** As CLIENT LIST shows the client. */
  clientInfo: string;
}

/** Only the newest entries are looked through for an equal one. */
const GROUPED_ENTRIES_MAX = 10;
const GROUPED_MS_MAX = 60_000;

function nothingDenied(): Record<AclLogReason, number> {
  return { auth: 0, command: 0, key: 0, channel: 0 };
}

export class AclLog {
  entries: AclLogEntry[] = [];
  /** Refusals since the start or CONFIG RESETSTAT, by what was refused. */
  denied: Record<AclLogReason, number> = nothingDenied();
  private nextId = 0;

  add(
    what: Pick<AclLogEntry, 'reason' | 'context' | 'object' | 'username' | 'clientInfo'>,
    nowMs: number,
    lengthMax: number,
  ): void {
    this.denied[what.reason]++;
    const at = this.entries.findIndex(
      (entry, index) =>
        index < GROUPED_ENTRIES_MAX &&
        entry.reason === what.reason &&
        entry.context === what.context &&
        Math.abs(nowMs - entry.updatedMs) <= GROUPED_MS_MAX &&
        entry.object === what.object &&
        entry.username === what.username,
    );
    const known = this.entries[at];
    if (known !== undefined) {
      known.count++;
      known.updatedMs = nowMs;
      known.clientInfo = what.clientInfo;
      this.entries.splice(at, 1);
      this.entries.unshift(known);
      return;
    }
    this.entries.unshift({
      id: this.nextId++,
      count: 1,
      createdMs: nowMs,
      updatedMs: nowMs,
      ...what,
    });
    if (this.entries.length > lengthMax) this.entries.length = Math.max(0, lengthMax);
  }

  reset(): void {
    this.entries = [];
  }

  resetCounts(): void {
    this.denied = nothingDenied();
  }
}
