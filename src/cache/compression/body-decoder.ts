/**
 * Decodes a body on its way, for a client that refuses its coding where the body is not to be stored: as it comes, with
 * a bound on what comes out, and no faster than the sink takes it.
 *
 *     source ──data──▶ BodyDecoder ──data──▶ sink        sink says no ──▶ decoder full ──▶ source pauses
 *
 * Invariants: the sink's `end` comes only when the coded body was whole; a body that is broken, cut off or too long is
 * aborted. Behind `end` or `abort` nothing more is called. Trailers are not passed on: those about the bytes would
 * be wrong.
 */
import { createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib';
import type { BodySink } from '../../core/http/index.ts';
import type { Fields } from '../../core/wire/index.ts';
import type { MadeCoding } from './settings.ts';

export interface BodyDecoderEvents {
  /** The decoder takes more: the source may be resumed. */
  onDrain(): void;
  /** Why it was aborted; the sink was told. */
  onFailure(reason: 'broken' | 'too-long'): void;
}

type DecodingStream = ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress>;

export class BodyDecoder implements BodySink {
  readonly #stream: DecodingStream;
  readonly #sink: BodySink;
  readonly #events: BodyDecoderEvents;
  readonly #bytesMax: number;
  #bytes = 0;
  #over = false;

  /** @param bytesMax of what comes out; 0: no bound. */
  constructor(coding: MadeCoding, bytesMax: number, sink: BodySink, events: BodyDecoderEvents) {
    this.#sink = sink;
    this.#events = events;
    this.#bytesMax = bytesMax;
    this.#stream = createDecoder(coding);
    this.#stream.on('data', (bytes: Buffer) => this.#decoded(bytes));
    this.#stream.on('drain', () => {
      if (!this.#over) events.onDrain();
    });
    this.#stream.on('end', () => {
      if (this.#over) return;
      this.#over = true;
      sink.end(null);
      sink.flush();
    });
    this.#stream.on('error', () => this.#fail('broken'));
  }

  /** Takes a copy: what is given is valid during the call alone. */
  data(bytes: Buffer): boolean {
    if (this.#over) return true;
    return this.#stream.write(Buffer.from(bytes));
  }

  end(_trailers: Fields | null): void {
    if (!this.#over) this.#stream.end();
  }

  flush(): void {}

  abort(): void {
    if (this.#over) return;
    this.#close();
    this.#sink.abort();
  }

  /** The sink that said no takes more. */
  resume(): void {
    if (!this.#over) this.#stream.resume();
  }

  /** Nobody wants it any more. */
  drop(): void {
    this.#close();
  }

  #decoded(bytes: Buffer): void {
    if (this.#over) return;
    this.#bytes += bytes.length;
    if (this.#bytesMax > 0 && this.#bytes > this.#bytesMax) {
      this.#fail('too-long');
      return;
    }
    const more = this.#sink.data(bytes, true);
    this.#sink.flush();
    if (!more && !this.#over) this.#stream.pause();
  }

  #fail(reason: 'broken' | 'too-long'): void {
    if (this.#over) return;
    this.#close();
    this.#sink.abort();
    this.#events.onFailure(reason);
  }

  #close(): void {
    this.#over = true;
    this.#stream.destroy();
  }
}

function createDecoder(coding: MadeCoding): DecodingStream {
  if (coding === 'gzip') return createGunzip();
  return coding === 'br' ? createBrotliDecompress() : createZstdDecompress();
}
