/** What the name server counts. */
import { rcodeNames, recordTypes, typeName } from '../../core/wire/index.ts';

/** Types with a counter of their own; the others share one. */
const countedTypes: readonly number[] = [...Object.values(recordTypes), 255];
const otherType = 0;

export class DnsCounts {
  readonly queries = { udp: 0, tcp: 0 };
  /** Datagrams and messages that are no queries. */
  ignored = 0;
  /** Answers kept back and cut by the limit. */
  limitedDropped = 0;
  limitedCut = 0;
  /** Cut because they are too long for UDP. */
  truncated = 0;
  /** Queries with a cookie of ours, and with a subnet. */
  cookies = 0;
  subnets = 0;
  /** Answers that were made anew, not found ready. */
  built = 0;
  tcpRefused = 0;
  sendFailed = 0;
  private readonly types = new Float64Array(256);
  private readonly rcodes = new Float64Array(32);
  private readonly slotOf = new Int16Array(65_536);

  constructor() {
    countedTypes.forEach((type, at) => {
      this.slotOf[type] = at + 1;
    });
  }

  asked(type: number): void {
    this.types[this.slotOf[type]!]!++;
  }

  answered(rcode: number): void {
    this.rcodes[rcode]!++;
  }

  byType(): [string, number][] {
    const named = countedTypes.map((type, at): [string, number] => [
      typeName(type),
      this.types[at + 1]!,
    ]);
    return [...named, ['other', this.types[otherType]!]];
  }

  byRcode(): [string, number][] {
    return [...rcodeNames].map(([rcode, name]) => [name, this.rcodes[rcode]!]);
  }
}
