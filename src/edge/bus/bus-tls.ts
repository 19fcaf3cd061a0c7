/** TLS of links between PoPs, from the files that the settings name. */
import {
  type Disk,
  ListenError,
  type Network,
  type TlsClient,
  type TlsOptions,
} from '../../core/runtime/index.ts';
import { readFileWhole } from '../../core/store/index.ts';
import type { BusTlsSettings } from './bus-fields.ts';

export interface BusTls {
  readonly server: TlsOptions;
  readonly client: TlsClient;
}

/** Undefined: links are without. @throws ListenError, DialError when a file is none that can be used. */
export function busTlsOf(
  { certFile, keyFile, caFile }: BusTlsSettings,
  { disk, network }: { readonly disk: Disk; readonly network: Network },
): BusTls | undefined {
  if (certFile === undefined || keyFile === undefined) return undefined;
  return {
    server: { cert: readPem(disk, certFile), key: readPem(disk, keyFile), minVersion: 'TLSv1.3' },
    client: network.tlsClient({
      minVersion: 'TLSv1.3',
      ...(caFile !== undefined && { ca: readPem(disk, caFile) }),
    }),
  };
}

function readPem(disk: Disk, file: string): Buffer {
  let cause: unknown;
  try {
    const bytes = readFileWhole(disk, file);
    if (bytes !== null) return bytes;
  } catch (error) {
    cause = error;
  }
  throw new ListenError('tls-invalid', 'bus', new Error(`${file} can not be read`, { cause }));
}
