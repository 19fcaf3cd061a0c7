/**
 * The configuration of the lab as files: the one that all PoPs share, and the origin's. The first is what a network on
 * many machines has too; only the addresses are this machine's.
 */
import { type LabPlan, type LabPop, type LabUsers, labPorts } from './plan.ts';

/** Who writes to the origin's bucket. */
export interface LabKeys {
  readonly accessKeyId: string;
  readonly secretKey: string;
  readonly admin: string;
  readonly network: string;
}

export const LAB_ZONE = 'cdn.test';
export const LAB_HOST = `www.${LAB_ZONE}`;
export const LAB_BUCKET = 'site';
const S3_DOMAIN = 's3.test';

/** `plinth.yaml` of every PoP. */
export function networkFile(plan: LabPlan, keys: LabKeys): string {
  return `# A network of ${plan.pops.length} points of presence. Each process reads this file and is told by PLINTH_EDGE_POP which one it is.
kv: { enabled: false }
files: { enabled: false }
admin: { token: ${keys.admin} }
cache: { memory: 64mb }
edge:
  enabled: true
  secret: ${keys.network}
  pops:
${plan.pops.map(popLine).join('')}  geo:
    networks:
${plan.users.map(networkLine).join('')}  dns:
    port: ${labPorts.dns}
    zones:
      - name: cdn
        zone: ${LAB_ZONE}
        name_servers: [ns1.${LAB_ZONE}.]
        records: ["ns1 A ${plan.dns}", "@ TXT \\"a network in a box\\""]
        steered: [ { name: users, hosts: [www, "@"], ttl: 5s } ]
  access:
    - name: members
      signed: { by: url, keys: [ { name: k1, secret: ${keys.network} } ] }
    - name: at-home
      geo: { only_countries: [DE, FR, GB] }
  guard:
    rules: [ { name: users, per_second: 100, burst: 200 } ]
  sites:
    - name: www
      hosts: [${LAB_HOST}, ${LAB_ZONE}]
      guard: users
      origin:
        host: ${LAB_BUCKET}.${S3_DOMAIN}
        servers: [ { name: files, address: "${plan.origin}:${labPorts.s3}" } ]
      response_headers: ["+Cache-Control: public, max-age=600"]
      rules:
        - { name: pictures, prefix: /pictures, response_headers: ["+Cache-Tag: pictures"] }
        - { name: members, prefix: /members, access: members }
        - { name: home, prefix: /home, access: at-home }
`;
}

/** The configuration of the origin: buckets of our own file system. */
export function originFile(plan: LabPlan, keys: LabKeys): string {
  const { s3, webHdfs } = labPorts;
  return `kv: { enabled: false }
cache: { enabled: false }
balancer: { enabled: false }
admin: { enabled: false }
files:
  s3:
    bind: ${plan.origin}
    port: ${s3}
    domains: [${S3_DOMAIN}]
    users: [ { name: ${keys.accessKeyId}, secret: ${keys.secretKey}, admin: true } ]
  webhdfs: { bind: ${plan.origin}, port: ${webHdfs} }
`;
}

function popLine({ city, shield, publicAddress, ownAddress }: LabPop): string {
  const { code, name, region, latitude, longitude } = city;
  const place = `city: "${name}", region: ${region}, latitude: ${latitude}, longitude: ${longitude}`;
  const { http, https, tier, bus } = labPorts;
  const ports = `http_port: ${http}, https_port: ${https}, tier_port: ${tier}, bus_port: ${bus}`;
  return `    - { name: ${code}, ${place}${shield ? ', shield: true' : ''},
        addresses: [${publicAddress}], host: ${publicAddress}, bind: ${ownAddress}, ${ports} }
`;
}

function networkLine({ city, network }: LabUsers): string {
  const { code, country, latitude, longitude } = city;
  return `      - { name: ${code}, network: ${network}, country: ${country}, latitude: ${latitude}, longitude: ${longitude} }
`;
}
