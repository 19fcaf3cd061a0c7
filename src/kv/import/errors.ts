/** Why an import ends early: one code each, with what can be done about it. */

export const importErrorTable = {
  unreachable: 'nobody answers there',
  'auth-refused': 'the user or password is refused',
  'not-permitted': 'the user lacks a right',
  'not-a-source': 'it does not send its data as Redis does',
  'source-busy': 'it stays loading, or has no link to its own master; try again later',
  'source-lost': 'the connection to the source was lost',
  'target-lost': 'the connection to the target was lost',
  'target-not-empty': 'the target has keys; --replace removes them first',
  'target-refused': 'the target refuses what it is sent',
  'snapshot-bad': 'the snapshot cannot be read',
  'snapshot-too-new': 'the snapshot is of a newer version, or holds values of modules',
  'file-unreadable': 'the file cannot be read',
} as const;

export type ImportErrorCode = keyof typeof importErrorTable;

/** The world's failure to let an import finish. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
  readonly code: ImportErrorCode;

  constructor(code: ImportErrorCode, detail: string, cause?: unknown) {
    super(`${importErrorTable[code]} (${detail})`, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
