/** One certificate that is wanted: what is held of it, how far its renewal is, and what is noted of that on disk. */
import type { CertificateFacts } from './certificate-facts.ts';
import type { CertificateFiles, HeldCertificate } from './certificate-files.ts';
import { type Course, dueAtMs, FRESH } from './schedule.ts';
import { isObject } from './sharing.ts';
import { covers, type WantedCertificate } from './wanted.ts';

/** docs/formats/edge-certificates.md */
const NOTE_FORMAT = 1;

export interface LastFailure {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly code: string;
  readonly says: string;
}

export class Keeping {
  wanted: WantedCertificate;
  /** What listeners show now; a placeholder may be. */
  held: HeldCertificate | undefined;
  /** The directory of the authority that has signed it. */
  directory = '';
  course: Course = FRESH;
  lastFailure: LastFailure | undefined;
  /** When to ask the authority for its wishes again, monotonic milliseconds. */
  askAgainMs = 0;
  isBusy = false;
  /** What the course is about: names, and who is to sign for them. */
  private wish = '';

  constructor(wanted: WantedCertificate) {
    this.wanted = wanted;
  }

  /** Facts of what an authority has signed; undefined: there is a placeholder or nothing. */
  get signed(): CertificateFacts | undefined {
    const facts = this.held?.facts;
    return facts === undefined || facts.isOwn ? undefined : facts;
  }

  /** Facts of what is held if nothing else is wanted: all names are there, and the authority is that of now. */
  fitting(directory: string): CertificateFacts | undefined {
    const { signed } = this;
    if (signed === undefined || this.directory !== directory) return undefined;
    return covers(signed.names, this.wanted.names) ? signed : undefined;
  }

  /**
   * From now on this is wanted, of the authority with this directory. Another wish may work where the one before has
   * failed, so it waits for nothing but what the authority asked for.
   */
  want(wanted: WantedCertificate, directory: string): void {
    this.wanted = wanted;
    const wish = `${directory} ${wanted.names.join()}`;
    if (this.wish !== wish && !this.course.isOrdered) this.course = FRESH;
    this.wish = wish;
    this.settle(directory);
  }

  /** Has the course know what is held. */
  settle(directory: string): void {
    this.course = { ...this.course, held: this.fitting(directory) };
  }

  dueAtMs(): number {
    return dueAtMs(this.course);
  }

  /** @throws the disk's error. */
  load(files: CertificateFiles): void {
    this.held = files.load(this.wanted.name);
    const note = files.loadNote(this.wanted.name);
    if (!isObject(note) || note.format !== NOTE_FORMAT) return;
    if (typeof note.directory === 'string') this.directory = note.directory;
    this.lastFailure = failureOf(note.lastFailure);
    const { failures, restUntilMs, restMs, isOrdered, suggestedMs } = note;
    if (typeof suggestedMs === 'number') this.course = { ...this.course, suggestedMs };
    if (typeof note.wish === 'string') this.wish = note.wish;
    if (![failures, restUntilMs, restMs].every((value) => Number.isFinite(value))) return;
    this.course = {
      ...this.course,
      failures: Number(failures),
      restUntilMs: Number(restUntilMs),
      restMs: Number(restMs),
      isOrdered: isOrdered === true,
    };
  }

  /** @throws the disk's error. */
  save(files: CertificateFiles): void {
    const { failures, restUntilMs, restMs, isOrdered, suggestedMs } = this.course;
    const { directory, lastFailure, wanted } = this;
    files.saveNote(wanted.name, {
      format: NOTE_FORMAT,
      wish: this.wish,
      ...{ directory, failures, restUntilMs, restMs, isOrdered },
      ...(suggestedMs !== undefined && { suggestedMs }),
      ...(lastFailure !== undefined && { lastFailure }),
    });
  }
}

function failureOf(value: unknown): LastFailure | undefined {
  if (!isObject(value)) return undefined;
  const { atMs, code, says } = value;
  if (typeof atMs !== 'number' || typeof code !== 'string' || typeof says !== 'string') {
    return undefined;
  }
  return { atMs, code, says };
}
