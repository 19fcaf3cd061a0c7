/** What an entry or an operation says of its key; the numbers of docs/formats/lsm.md. */
export const Kind = {
  delete: 0,
  put: 1,
  /** A put that ends at a time. */
  putUntil: 2,
  /** Of batches only: deletes are kept apart from entries in memory and in tables. */
  deleteRange: 3,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** Sequence numbers and sizes stay below this. */
export const SEQUENCE_MAX = Number.MAX_SAFE_INTEGER;
