/**
 * A bar for long work, for people only: it is drawn on stderr where that is a terminal, and gone when the work
 * is done, so that neither pipes nor the result on stdout see anything of it.
 */
import { SingleBar } from 'cli-progress';
import type { WorkDone } from '../core/base/index.ts';

export interface ProgressBar {
  tell(done: WorkDone): void;
  /** Takes the bar away. */
  end(): void;
}

/** Nothing is drawn for work that ends within its first step. */
export function progressBar(what: string, stream: NodeJS.WriteStream): ProgressBar {
  if (!stream.isTTY) return { tell: () => {}, end: () => {} };
  const bar = new SingleBar({
    format: `${what} {bar} {percentage} % of {mebibytes} MiB, {eta_formatted} left`,
    stream,
    clearOnComplete: true,
    hideCursor: true,
    // The work holds up the event loop: the bar is drawn inside of `tell`.
    synchronousUpdate: true,
  });
  let begun = false;
  return {
    tell({ doneBytes, totalBytes }) {
      const mebibytes = Math.ceil(totalBytes / 1024 / 1024);
      if (!begun) bar.start(totalBytes, 0, { mebibytes });
      begun = true;
      bar.update(Math.min(doneBytes, totalBytes), { mebibytes });
    },
    end: () => bar.stop(),
  };
}
