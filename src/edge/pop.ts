/** Points of presence (PoPs): what every part of the network knows of them. */

/** One of them, as the one configuration file describes it. */
export interface Pop {
  readonly name: string;
  readonly city: string;
  /** Degrees, north and east positive. */
  readonly latitude: number;
  readonly longitude: number;
  readonly region: string;
  /** Its share beside the others; 0 takes no traffic. */
  readonly capacity: number;
  /** Misses of other PoPs meet here before they go to an origin. */
  readonly shield: boolean;
  /** An operator wants no new users there. */
  readonly drained: boolean;
  /** Public addresses, IPv4 and IPv6, by which users reach it. */
  readonly addresses: readonly string[];
  /** host:port where other PoPs reach its bus; undefined: it has none. */
  readonly bus: string | undefined;
  /** host:port where other PoPs reach its HTTP; undefined: they do not. */
  readonly http: string | undefined;
}

/** What is known of PoPs at this moment. */
export interface PopHealth {
  /** It takes traffic. */
  isUp(pop: string): boolean;
  /** Share of its capacity in use, from 0, above 1 when there is too much; undefined: unknown. */
  loadOf(pop: string): number | undefined;
  /** Called when an answer of the two above has changed. */
  onChange(listener: () => void): void;
}
