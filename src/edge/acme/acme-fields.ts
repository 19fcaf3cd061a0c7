/** The settings of certificates by ACME: which authority, as whom, and what is asked of it. */
import {
  type Conflict,
  choice,
  duration,
  flag,
  list,
  path,
  secret,
  text,
  type ValuesOf,
} from '../../core/config/index.ts';

const reloadable = true;

export const acmeFields = {
  enabled: flag({
    default: false,
    about:
      'Whether certificates for the hosts of the sites are obtained by ACME (RFC 8555) and renewed.',
    reloadable,
  }),
  directory: text({
    default: 'https://acme-v02.api.letsencrypt.org/directory',
    about: 'Where the authority describes itself.',
    reloadable,
  }),
  directoryCa: path({
    default: undefined,
    about:
      'Authorities, in PEM, that certify the directory itself. Without it those that Node knows.',
    change: 'When the authority is one of your own.',
    reloadable,
  }),
  termsAgreed: flag({
    default: false,
    about: 'That you agree to the terms of service of the authority, which it asks for.',
    reloadable,
  }),
  contact: list(text({ default: '', about: '' }), {
    default: [],
    about: 'E-mail addresses that the authority may write to.',
    reloadable,
    max: 10,
  }),
  eabKeyId: text({
    default: undefined,
    about: 'Key identifier of the external account that the authority binds ours to.',
    change: 'When the authority has given you one.',
    reloadable,
  }),
  eabHmacKey: secret({
    about: 'Key of the external account, base64url as the authority gives it.',
    reloadable,
  }),
  keyType: choice(['ecdsa-p256', 'ecdsa-p384', 'rsa-2048', 'rsa-4096'], {
    default: 'ecdsa-p256',
    about: 'Keys of certificates, made anew with each of them.',
    reloadable,
  }),
  preferredChain: text({
    default: undefined,
    about: 'Common name of an issuer: of several chains the authority offers, the one with it.',
    reloadable,
  }),
  challenge: choice(['http-01', 'dns-01'], {
    default: 'http-01',
    about: 'How it is shown that hosts are ours. Wildcards are always shown by dns-01.',
    change: 'When port 80 of the PoPs is not reachable, and their DNS serves your zones.',
    reloadable,
  }),
  settleMs: duration({
    default: 2000,
    max: 3_600_000,
    about: 'How long other PoPs are given to know of a challenge before the authority looks.',
    change: 'When name servers that are not ours have copies of the zones.',
    reloadable,
  }),
};

export type AcmeSettings = ValuesOf<typeof acmeFields>;

/** What is wrong with them; keys are those of their group. */
export function acmeConflicts(settings: AcmeSettings): Conflict[] {
  const conflicts: Conflict[] = [];
  const blame = (key: string, says: string): void => void conflicts.push({ key, says });
  if (!isHttps(settings.directory)) {
    blame('directory', `has ${JSON.stringify(settings.directory)}, wanted an https: URL`);
  }
  for (const contact of settings.contact) {
    // RFC 8555 section 7.3: neither several addresses nor header fields may be smuggled in.
    if (/^[^\s@,?%]+@[^\s@,?%]+$/.test(contact)) continue;
    blame('contact', `has ${JSON.stringify(contact)}, wanted an e-mail address`);
  }
  if ((settings.eabKeyId === undefined) !== (settings.eabHmacKey === undefined)) {
    const [has, lacks] =
      settings.eabKeyId === undefined
        ? ['eab_hmac_key', 'eab_key_id']
        : ['eab_key_id', 'eab_hmac_key'];
    blame(has, `needs ${lacks} too`);
  }
  if (settings.enabled && !settings.termsAgreed) {
    blame('terms_agreed', 'has to be true where enabled is: no authority signs without it');
  }
  return conflicts;
}

function isHttps(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === 'https:';
}
