/**
 * What the log is told of deliveries: claims by force that set owner, time and count outright, so that
 * applying them gives the same pending entries whoever reads or claims meanwhile
 * (https://redis.io/docs/latest/commands/xclaim/: FORCE, JUSTID and LASTID are there for this).
 *
 * Entries with the same time and count go as one claim.
 */
import type { Call, EffectArg } from '../../command/call.ts';
import type { EntryId, Group } from '../../values/stream/index.ts';

const IDS_MAX = 1000;

/** Argument indexes of what the claims are about. */
export interface ClaimPlace {
  readonly key: number;
  readonly group: number;
  readonly consumer: number;
}

export class ClaimEffects {
  private readonly call: Call;
  private readonly group: Group;
  private readonly place: ClaimPlace;
  private ids: string[] = [];
  private deliveredMs = 0;
  private deliveries = 0;

  constructor(call: Call, group: Group, place: ClaimPlace) {
    this.call = call;
    this.group = group;
    this.place = place;
  }

  /** The entry has been delivered at a time for the n-th time. */
  add(id: EntryId, deliveredMs: number, deliveries: number): void {
    if (this.call.engine.effects.sink === undefined) return;
    const { ids } = this;
    if (
      ids.length > 0 &&
      (deliveredMs !== this.deliveredMs || deliveries !== this.deliveries || ids.length >= IDS_MAX)
    ) {
      this.flush();
    }
    this.deliveredMs = deliveredMs;
    this.deliveries = deliveries;
    this.ids.push(id.toString());
  }

  /** Ends the claim at hand. To be called once all is told. */
  flush(): void {
    if (this.ids.length === 0) return;
    const { call, place } = this;
    const { args } = call;
    const words: EffectArg[] = [
      'XCLAIM',
      args.bytes(place.key),
      args.bytes(place.group),
      args.bytes(place.consumer),
      '0',
    ];
    for (const id of this.ids) words.push(id);
    words.push('TIME', this.deliveredMs, 'RETRYCOUNT', this.deliveries, 'FORCE', 'JUSTID');
    words.push('LASTID', this.group.lastId.toString());
    call.effect(...words);
    this.ids = [];
  }
}

/** Logs where a group stands. */
export function groupIdEffect(call: Call, group: Group, place: ClaimPlace): void {
  const { args } = call;
  call.effect(
    'XGROUP',
    'SETID',
    args.bytes(place.key),
    args.bytes(place.group),
    group.lastId.toString(),
    'ENTRIESREAD',
    group.entriesRead,
  );
}
