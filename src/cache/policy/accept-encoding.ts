/**
 * Which codings a request accepts, RFC 9110 section 12.5.3, brought to a few forms so that a response that varies by
 * Accept-Encoding is stored a few times and not for every browser's spelling.
 */

/** The codings that are told apart, best first when weights are equal. */
export const CODINGS = ['zstd', 'br', 'gzip', 'identity'] as const;
export type Coding = (typeof CODINGS)[number];

/** Weight of each coding, 0 to 1; 0: not acceptable. */
export type CodingWeights = Readonly<Record<Coding, number>>;

const QVALUE = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/** @param list of the field, undefined when there is none: then any coding is acceptable, but only identity is sure. */
export function codingWeights(list: string | undefined): CodingWeights {
  const named = new Map<string, number>();
  for (const element of (list ?? '').split(',')) {
    const [name = '', ...parameters] = element.split(';').map((part) => part.trim().toLowerCase());
    if (name !== '') named.set(name === 'x-gzip' ? 'gzip' : name, weightOf(parameters));
  }
  const others = named.get('*') ?? 0;
  const weight = (coding: string): number => named.get(coding) ?? others;
  return {
    zstd: weight('zstd'),
    br: weight('br'),
    gzip: weight('gzip'),
    // Acceptable unless it is excluded by itself or by `*;q=0`; behind whatever is asked for by name.
    identity: named.get('identity') ?? (named.get('*') === 0 ? 0 : 0.001),
  };
}

/** The text that stands for all requests that accept the same codings in the same order. */
export function normaliseAcceptEncoding(list: string): string {
  const weights = codingWeights(list);
  const accepted = CODINGS.filter((coding) => weights[coding] > 0);
  // A stable sort: of equal weights the better coding stays first.
  return accepted.sort((a, b) => weights[b] - weights[a]).join();
}

function weightOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const [name, value = ''] = parameter.split('=').map((part) => part.trim());
    // Section 12.4.2; a weight that is none says that the client wants it, and how much is unknown.
    if (name === 'q') return QVALUE.test(value) ? Number(value) : 1;
  }
  return 1;
}
