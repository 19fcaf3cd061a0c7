/**
 * A value that must not be shown: it prints, logs and serialises as `[secret]`.
 * The one way to the text is `reveal()`, so that every use can be found.
 */
import { inspect } from 'node:util';

/** What a secret looks like wherever it is shown. */
export const SECRET_SHOWN = '[secret]';

export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  /** True when both hold the same text. For telling changed settings; not constant-time. */
  equals(other: Secret): boolean {
    return this.#text === other.#text;
  }

  toString(): string {
    return SECRET_SHOWN;
  }

  toJSON(): string {
    return SECRET_SHOWN;
  }

  [inspect.custom](): string {
    return SECRET_SHOWN;
  }
}
