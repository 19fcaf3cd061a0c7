/** Kinds of messages, and who wants them: each part of the edge that speaks over the bus has a table of its own. */

/** One kind of message: its name on the wire, and what its body must be. */
export interface MessageKind<B extends object> {
  /** `purge.join`: the part that it belongs to, and what it is. */
  readonly name: string;
  /** Undefined: it is none, and the link ends. */
  read(body: Readonly<Record<string, unknown>>): B | undefined;
}

/** A link to another PoP, whose name is certain. */
export interface BusLink {
  /** Never used twice in a process. */
  readonly id: number;
  /** The PoP at the other end. */
  readonly pop: string;
  readonly encrypted: boolean;
  /** False: the link is over, and the message goes nowhere. It may still be lost when true. */
  send<B extends object>(kind: MessageKind<B>, body: B): boolean;
  end(why: 'unknown-pop' | 'superseded' | 'behind'): void;
}

type Subscriber = (link: BusLink, body: Readonly<Record<string, unknown>>) => boolean;

/** Who is told what of links. A kind has one subscriber; what nobody wants is ignored, as it may be of a later version. */
export class Subscriptions {
  /** Messages of kinds that nobody here knows. */
  unknown = 0;
  private readonly byKind = new Map<string, Subscriber>();
  private readonly ups: ((link: BusLink) => void)[] = [];
  private readonly downs: ((link: BusLink) => void)[] = [];

  on<B extends object>(kind: MessageKind<B>, run: (link: BusLink, body: B) => void): void {
    this.byKind.set(kind.name, (link, body) => {
      const read = kind.read(body);
      if (read === undefined) return false;
      run(link, read);
      return true;
    });
  }

  /** A link can be used. */
  onUp(run: (link: BusLink) => void): void {
    this.ups.push(run);
  }

  /** It can be used no more. */
  onDown(run: (link: BusLink) => void): void {
    this.downs.push(run);
  }

  up(link: BusLink): void {
    for (const run of this.ups) run(link);
  }

  down(link: BusLink): void {
    for (const run of this.downs) run(link);
  }

  /** False: it is no message. */
  message(link: BusLink, name: unknown, body: unknown): boolean {
    if (typeof name !== 'string' || typeof body !== 'object' || body === null) return false;
    const subscriber = this.byKind.get(name);
    if (subscriber !== undefined) return subscriber(link, body as Record<string, unknown>);
    this.unknown++;
    return true;
  }
}
