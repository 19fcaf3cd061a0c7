/** What the name server of a PoP is told: the settings of all, at this PoP's address. */
import type { EdgeSettings } from './config/config.ts';
import type { DnsSettings } from './dns/index.ts';
import type { PopSettings } from './pop-fields.ts';

export function dnsSettingsOf({ dns }: EdgeSettings, own: PopSettings): DnsSettings {
  return dns.listen.length > 0 ? dns : { ...dns, listen: [own.bind] };
}
