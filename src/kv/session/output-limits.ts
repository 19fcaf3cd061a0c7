/**
 * How much unsent output a client may cause before it is disconnected, by class of client
 * (`client-output-buffer-limit`): at once above the hard limit, or when it stays above the soft limit
 * for some seconds. 0 means no limit.
 */

export const OUTPUT_CLASSES = ['normal', 'replica', 'pubsub'] as const;
export type OutputClass = (typeof OUTPUT_CLASSES)[number];

export interface OutputLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

export type OutputLimits = Readonly<Record<OutputClass, OutputLimit>>;

const MEBIBYTE = 1024 * 1024;

export function defaultOutputLimits(): OutputLimits {
  return {
    normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
    replica: { hardBytes: 256 * MEBIBYTE, softBytes: 64 * MEBIBYTE, softSeconds: 60 },
    pubsub: { hardBytes: 32 * MEBIBYTE, softBytes: 8 * MEBIBYTE, softSeconds: 60 },
  };
}

/** The limits as CONFIG GET prints them: `normal 0 0 0 slave 268435456 67108864 60 pubsub ...`. */
export function formatOutputLimits(limits: OutputLimits): string {
  return OUTPUT_CLASSES.map((name) => {
    const { hardBytes, softBytes, softSeconds } = limits[name];
    return `${name === 'replica' ? 'slave' : name} ${hardBytes} ${softBytes} ${softSeconds}`;
  }).join(' ');
}

/**
 * Reads what CONFIG SET is given: one or more of `class hard soft seconds`; classes that are not named
 * keep their limits. `parseBytes` reads a size with its unit, NaN when it is none.
 *
 * @returns the new limits, or what is wrong.
 */
export function parseOutputLimits(
  text: string,
  old: OutputLimits,
  parseBytes: (text: string) => number,
): OutputLimits | string {
  const words = text.trim() === '' ? [] : text.trim().split(/\s+/);
  if (words.length % 4 !== 0) return 'Wrong number of arguments in buffer limit configuration.';
  const limits: Record<OutputClass, OutputLimit> = { ...old };
  for (let i = 0; i < words.length; i += 4) {
    const name = outputClassNamed(words[i]!);
    if (name === undefined) return 'Invalid client class specified in buffer limit configuration.';
    const hardBytes = parseBytes(words[i + 1]!);
    const softBytes = parseBytes(words[i + 2]!);
    const softSeconds = Number(words[i + 3]);
    const whole = Number.isInteger(softSeconds) && softSeconds >= 0;
    if (!(hardBytes >= 0) || !(softBytes >= 0) || !whole) {
      return 'Error in hard, soft or soft_seconds setting in buffer limit configuration.';
    }
    limits[name] = { hardBytes, softBytes, softSeconds };
  }
  return limits;
}

function outputClassNamed(word: string): OutputClass | undefined {
  const name = word.toLowerCase();
  if (name === 'slave') return 'replica';
  return OUTPUT_CLASSES.find((known) => known === name);
}
