/**
 * Tells once when a level rises above its mark, and again only after it has fallen to half of it.
 */
export class HighWater {
  readonly #markBytes: number;
  readonly #onRise: ((bytes: number) => void) | undefined;
  #above = false;

  constructor(markBytes: number, onRise: ((bytes: number) => void) | undefined) {
    this.#markBytes = markBytes;
    this.#onRise = onRise;
  }

  look(bytes: number): void {
    if (!this.#above && bytes > this.#markBytes) {
      this.#above = true;
      this.#onRise?.(bytes);
    } else if (this.#above && bytes * 2 <= this.#markBytes) this.#above = false;
  }
}
