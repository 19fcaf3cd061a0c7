/** A request to the admin door and its answer, without anything of sockets. */

export interface DoorRequest {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  /** A header field by its name in lower case. */
  header(name: string): string | undefined;
  /** The whole body; undefined when it is larger than the door takes. */
  body(): Promise<Buffer | undefined>;
}

export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What comes behind `body`, piece by piece. */
  readonly stream?: PageStream;
}

/** Called once. `write` resolves when the client takes more, with false when nobody reads any more. */
export type PageStream = (write: (text: string) => Promise<boolean>) => Promise<void>;

export function jsonPage(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Page {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n`, headers };
}
