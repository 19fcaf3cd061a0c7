/** The settings of links between PoPs. */
import { type Conflict, group, path, type ValuesOf } from '../../core/config/index.ts';

export const busTlsFields = group('TLS of links between PoPs; on when there is a certificate.', {
  certFile: path({
    default: undefined,
    about:
      'File of the certificate and its chain, PEM, that this PoP shows, in the name or address by which others reach it.',
  }),
  keyFile: path({ default: undefined, about: 'File of its private key, PEM.' }),
  caFile: path({
    default: undefined,
    about: 'File of the authorities, PEM, that it must chain to; default those of the system.',
  }),
});

export type BusTlsSettings = ValuesOf<typeof busTlsFields.fields>;

/** What is wrong with them; keys are those of their group. */
export function busTlsConflicts({ certFile, keyFile, caFile }: BusTlsSettings): Conflict[] {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    return [{ key: 'cert_file', says: 'and key_file need each other' }];
  }
  return certFile === undefined && caFile !== undefined
    ? [{ key: 'ca_file', says: 'is of no use without a certificate' }]
    : [];
}
