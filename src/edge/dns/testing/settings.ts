/** Settings for tests, as the configuration file would give them; nothing of the program imports it. */
import { loadConfig, problemText, section } from '../../../core/config/index.ts';
import { type DnsSettings, dnsConflicts, dnsFields } from '../dns-fields.ts';

const dnsSection = section('dns', 'Names.', dnsFields, dnsConflicts);

/** The fields with these lines of YAML, indented by nothing. @throws Error with all that is wrong. */
export function dnsSettings(yaml: string): DnsSettings {
  const here = yaml.includes('listen:') ? '' : 'listen: [127.0.0.1]\n';
  const lines = `${here}${yaml}`.split('\n').map((line) => `  ${line}`);
  const loaded = loadConfig([dnsSection], {
    file: { name: 'dns', text: `dns:\n${lines.join('\n')}\n` },
    readFile: () => '',
  });
  if (!loaded.ok) throw new Error(loaded.problems.map(problemText).join('\n'));
  return loaded.config.of(dnsSection);
}

/** A zone with something of everything. */
export const exampleZone = `
zones:
  - name: main
    zone: example.com
    name_servers: [ns1, ns2.example.net.]
    ttl: 5m
    records:
      - ns1 A 192.0.2.53
      - '@ MX 10 mail'
      - '@ TXT "v=spf1 -all"'
      - '@ CAA 0 issue "ca.example"'
      - mail 600 A 192.0.2.25
      - mail AAAA 2001:db8::25
      - alias CNAME mail
      - chain CNAME alias
      - away CNAME www.example.org.
      - round CNAME square
      - square CNAME round
      - _sip._tcp SRV 1 2 5060 mail
      - svc HTTPS 1 . alpn=h2 port=8443
      - a.b.deep TXT hello
      - '*.wild TXT any'
      - exact.wild A 192.0.2.7
      - sub NS ns.sub
      - sub NS ns.other.example.
      - ns.sub A 192.0.2.99
      - to-www CNAME www
    steered:
      - name: sites
        hosts: [www, '@', '*.cdn']
        alpn: [h2, http/1.1]
        ttl: 30s
      - name: europe
        hosts: [eu]
        regions: [eu]
`;
