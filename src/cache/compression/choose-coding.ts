/**
 * Which coding of a stored response a request gets, RFC 9110 section 12.5.3, and which one is worth making for
 * those who come later.
 *
 * What came uncoded is coded in any way that the rule names. What came coded is at most undone, for who refuses its
 * coding: to code it anew gains little. Nobody waits for a coding but who accepts none of those at hand.
 */
import { type Coding, type CodingWeights, codingWeights } from '../policy/index.ts';

export interface CodingsAtHand {
  /** The coding it came in. */
  readonly original: Coding;
  /** Those made of it. */
  readonly made: readonly Coding[];
  /** Those that are not to be made: they do not gain, failed, or are being made. */
  readonly notMade: readonly Coding[];
  /** Nothing forbids to make others. */
  readonly convertible: boolean;
}

export interface CodingChoice {
  readonly serve: Coding;
  /** The client takes it. If not, it would rather have the one that can be made, or has to take this one. */
  readonly acceptable: boolean;
  /** Worth making; undefined: nothing is. */
  readonly make: Coding | undefined;
}

/** @param codings that the rule names, the one preferred first. */
export function codingFor(
  weights: CodingWeights,
  { original, made, notMade, convertible }: CodingsAtHand,
  codings: readonly Coding[],
): CodingChoice {
  const ranked = rank(weights, codings);
  const isAtHand = (coding: Coding): boolean => coding === original || made.includes(coding);
  const serve = ranked.find(isAtHand);
  const acceptable = serve !== undefined;
  let make: Coding | undefined;
  if (convertible) {
    if (original === 'identity') {
      const wanted = ranked.find((coding) => isAtHand(coding) || !notMade.includes(coding));
      if (wanted !== undefined && codings.includes(wanted) && !isAtHand(wanted)) make = wanted;
    } else if (!acceptable && weights.identity > 0 && !notMade.includes('identity')) {
      make = 'identity';
    }
  }
  // Section 12.5.3: who accepts none of them is served nevertheless, uncoded if possible.
  return { serve: serve ?? (isAtHand('identity') ? 'identity' : original), acceptable, make };
}

const ALL: readonly Coding[] = ['br', 'zstd', 'gzip'];

/** Acceptable codings, best first; of equal weights the one that the rule prefers, uncoded last. */
function rank(weights: CodingWeights, codings: readonly Coding[]): readonly Coding[] {
  const known = [...codings, ...ALL.filter((coding) => !codings.includes(coding)), IDENTITY];
  return known.filter((coding) => weights[coding] > 0).sort((a, b) => weights[b] - weights[a]);
}

const IDENTITY: Coding = 'identity';

/** Spellings of Accept-Encoding that are kept, with what they mean: browsers have a few. */
const SPELLINGS_MAX = 256;

/** Reads Accept-Encoding once per spelling. */
export class AcceptedCodings {
  private readonly known = new Map<string, CodingWeights>();
  private readonly none = codingWeights(undefined);

  /** @param list of the field, undefined without one. */
  weightsOf(list: string | undefined): CodingWeights {
    if (list === undefined) return this.none;
    const known = this.known.get(list);
    if (known !== undefined) return known;
    const weights = codingWeights(list);
    // Whoever sends ever new spellings makes us read them, and the others too for a while.
    if (this.known.size === SPELLINGS_MAX) this.known.clear();
    this.known.set(list, weights);
    return weights;
  }
}
