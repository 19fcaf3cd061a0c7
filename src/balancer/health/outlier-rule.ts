/**
 * Which servers fail so much more often than the others of their pool that it is no accident.
 *
 * Rule: of the servers with at least `requestsMin` answers, the one with the highest share of failures is
 * compared with all others taken together; it is an outlier when the shares differ by at least
 * `differenceMin` and by at least `deviations` standard deviations of what chance would give:
 *
 *     z = (own - others) / sqrt(p x (1 - p) x (1 / ownAnswers + 1 / othersAnswers)),  p over all of them
 *
 * Then the same again without it. This is the two-proportion z-test. Envoy's rule (mean less 1.9 standard
 * deviations of the servers' success rates) cannot fire at all in pools of up to five: of n numbers none
 * lies further than (n - 1) / sqrt(n) deviations from their mean. This one works from two servers on.
 */
export interface OutlierRule {
  /** Answers below which a share says nothing, 1 or more. */
  readonly requestsMin: number;
  readonly differenceMin: number;
  readonly deviations: number;
}

export interface Tally {
  readonly answers: number;
  readonly failures: number;
}

/** Indexes of the outliers, worst first. At least one server is never among them. */
export function outliersAmong(tallies: readonly Tally[], rule: OutlierRule): number[] {
  const left = tallies
    .map(({ answers, failures }, index) => ({
      answers,
      failures,
      index,
      share: failures / answers,
    }))
    .filter(({ answers }) => answers >= rule.requestsMin)
    .sort((a, b) => b.share - a.share);
  const found: number[] = [];
  for (let worst = left.shift(); worst !== undefined && left.length > 0; worst = left.shift()) {
    const answers = left.reduce((sum, each) => sum + each.answers, 0);
    const failures = left.reduce((sum, each) => sum + each.failures, 0);
    const difference = worst.share - failures / answers;
    const all = (worst.failures + failures) / (worst.answers + answers);
    const deviation = Math.sqrt(all * (1 - all) * (1 / worst.answers + 1 / answers));
    if (difference < rule.differenceMin || difference < rule.deviations * deviation) break;
    found.push(worst.index);
  }
  return found;
}
