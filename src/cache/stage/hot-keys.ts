/**
 * The resources that were asked for last, found by the bytes of the request's target, so that what is asked for often
 * needs no text for its key.
 *
 * Invariants: what is found is what the key would find, since site and target are compared byte by byte with those
 * of a request that the same keys gave that resource; one that nothing is stored for is not found. Bounds: slots of
 * so many bytes; what meets in a slot takes its place. Hot: `bench/cache`.
 */
import { copyBytes, equalBytes, hashBytes } from '../../core/base/index.ts';
import { offsetIn, type RequestHead } from '../../core/wire/index.ts';
import type { KeyMaker } from '../key/index.ts';
import type { Resource } from '../objects/resource.ts';

const SLOTS = 1024;
const TARGET_BYTES_MAX = 128;

export class HotKeys {
  private readonly resources: (Resource | null)[];
  private readonly sites: string[];
  private readonly lengths: Uint8Array;
  private targets: Buffer | null = null;
  /** Those that made the keys. */
  private keys: KeyMaker | null = null;
  /** Of the request that was looked for last; -1: its key is not its target alone. */
  private slot = -1;
  private site = '';

  /** @param slots a power of two. */
  constructor(slots = SLOTS) {
    this.resources = new Array(slots).fill(null);
    this.sites = new Array(slots).fill('');
    this.lengths = new Uint8Array(slots);
  }

  /** The resource of a request, null when it has to be looked for by its key. */
  find(keys: KeyMaker, request: RequestHead, encrypted: boolean): Resource | null {
    this.slot = -1;
    const { fields, originStart, originLength: length } = request;
    if (length > TARGET_BYTES_MAX) return null;
    const site = keys.plainSiteOf(request, encrypted);
    if (site === '') return null;
    if (keys !== this.keys) this.begin(keys);
    const from = fields.bytesAt(originStart);
    const start = offsetIn(originStart);
    const slot = hashBytes(from, start, length, site.length) & (this.lengths.length - 1);
    this.slot = slot;
    this.site = site;
    const resource = this.resources[slot]!;
    if (resource === null || resource.newest === null) return null;
    if (this.lengths[slot] !== length || this.sites[slot] !== site) return null;
    const at = slot * TARGET_BYTES_MAX;
    return equalBytes(this.targets as Buffer, at, from, start, length) ? resource : null;
  }

  /** Behind `find`, which did not find it: what the key of the same request has found. */
  note(request: RequestHead, resource: Resource): void {
    const { slot, site } = this;
    const { fields, originStart, originLength: length } = request;
    if (slot === -1) return;
    this.targets ??= Buffer.allocUnsafeSlow(this.lengths.length * TARGET_BYTES_MAX);
    const from = fields.bytesAt(originStart);
    copyBytes(from, offsetIn(originStart), this.targets, slot * TARGET_BYTES_MAX, length);
    this.lengths[slot] = length;
    this.sites[slot] = site;
    this.resources[slot] = resource;
  }

  private begin(keys: KeyMaker): void {
    this.keys = keys;
    this.resources.fill(null);
  }
}
