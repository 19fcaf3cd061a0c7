/** What the lab prints: where everything is, and what to try. */

import { roundTripMs } from './cities.ts';
import { LAB_HOST } from './files.ts';
import type { LabProcess } from './lab.ts';
import { type LabPlan, type LabPop, type LabUsers, labPorts } from './plan.ts';

export interface StepsOf {
  readonly plan: LabPlan;
  /** The file that all PoPs share. */
  readonly file: string;
  readonly processes: readonly LabProcess[];
  /** How this program is started in this shell: `npm run -s plinth --`. */
  readonly command: string;
}

export function labText({ plan, file, processes, command }: StepsOf): string {
  const { pops, users, origin, dns } = plan;
  const pid = (name: string): number => processes.find((one) => one.name === name)?.child.pid ?? 0;
  const rows = pops.map((pop) => popRow(pop, pid(pop.city.code)));
  return `A network of ${pops.length} points of presence is up, with the distances between their cities.

  origin   buckets of our file system, S3 at http://${origin}:${labPorts.s3}, process ${pid('origin')}
  DNS      ${dns} port ${labPorts.dns}
${rows.join('\n')}

Users, by the address that you give to curl and dig:
${users.map(({ city, address }) => `  ${address.padEnd(16)}${city.name}`).join('\n')}

The file that all of them share: ${file}

Try:
${steps(plan, { file, command, pid })
  .map(({ says, lines }) => [`  # ${says}`, ...lines.map((line) => `  ${line}`)].join('\n'))
  .join('\n\n')}

Ctrl-C ends everything.
`;
}

interface Step {
  readonly says: string;
  readonly lines: readonly string[];
}

function steps(
  { pops, users, dns }: LabPlan,
  { file, command, pid }: { file: string; command: string; pid(name: string): number },
): Step[] {
  const [first, second] = [users[0], users[users.length - 2]] as [LabUsers, LabUsers];
  const near = nearest(pops, first);
  const far = nearest(pops, second);
  const admin = (pop: LabPop): string =>
    `--config ${file} --admin ${pop.ownAddress}:${labPorts.admin}`;
  const dig = (how: string): string => `dig @${dns} -p ${labPorts.dns} ${how}`;
  const curl = (user: LabUsers, pop: LabPop, rest: string): string =>
    `curl -s --interface ${user.address} --resolve ${LAB_HOST}:${labPorts.http}:${pop.publicAddress} ${rest}`;
  const url = (path: string): string => `http://${LAB_HOST}:${labPorts.http}${path}`;
  const timed = `-o /dev/null -w '%header{cache-status}  %{time_total} s\\n'`;
  return [
    {
      says: `Users are sent to the PoP near them: ${first.city.name}, ${second.city.name}`,
      lines: [
        dig(`+short ${LAB_HOST} +subnet=${first.network}`),
        dig(`+short ${LAB_HOST} +subnet=${second.network}`),
        `${command} edge explain ${LAB_HOST} --client ${second.address} ${admin(near)}`,
      ],
    },
    {
      says: 'A miss at one PoP meets at the shield; at another PoP the shield has it, and then the PoP itself',
      lines: [
        curl(second, far, `${timed} ${url('/pictures/1.svg')}`),
        curl(first, nearestOther(pops, near), `${timed} ${url('/pictures/1.svg')}`),
        curl(second, far, `${timed} ${url('/pictures/1.svg')}`),
      ],
    },
    {
      says: 'A purge by tag is everywhere when its receipt is given',
      lines: [
        `${command} edge purge --tag pictures ${admin(far)}`,
        curl(second, far, `${timed} ${url('/pictures/1.svg')}`),
      ],
    },
    {
      says: 'Content for members wants a signed address, content for some countries its users',
      lines: [
        curl(first, near, `-w '%{http_code}\\n' ${url('/members/secret.txt')}`),
        `curl -s --interface ${first.address} --resolve ${LAB_HOST}:${labPorts.http}:${near.publicAddress} "$(${command} edge sign ${url('/members/secret.txt')} --rule members --config ${file})"`,
        curl(second, far, `-w '%{http_code}\\n' ${url('/home/news.txt')}`),
        curl(first, near, url('/home/news.txt')),
      ],
    },
    {
      says: `A PoP dies, and users move to the next one within seconds`,
      lines: [
        `kill -9 ${pid(far.city.code)}; sleep 5`,
        dig(`+short ${LAB_HOST} +subnet=${second.network}`),
      ],
    },
    {
      says: 'A flood from one address is stopped, and others do not notice',
      lines: [
        `h2load -n 50000 -c 20 -t 1 --h1 --connect-to ${near.ownAddress}:${labPorts.http} http://${LAB_HOST}:${labPorts.http}/hello.txt | tail -7`,
        curl(first, near, `-w '%{http_code} %{time_total} s\\n' ${url('/hello.txt')}`),
        `${command} edge status ${admin(near)}`,
      ],
    },
  ];
}

function popRow({ city, shield, publicAddress, ownAddress }: LabPop, pid: number): string {
  const what = shield ? ', shield' : '';
  return `  ${city.code.padEnd(9)}${city.name}${what}: http://${publicAddress}:${labPorts.http}, itself at ${ownAddress}, process ${pid}`;
}

function nearest(pops: readonly LabPop[], { city }: LabUsers): LabPop {
  return pops.reduce((best, pop) =>
    roundTripMs(pop.city, city) < roundTripMs(best.city, city) ? pop : best,
  );
}

function nearestOther(pops: readonly LabPop[], pop: LabPop): LabPop {
  return pops.find((other) => other !== pop && !other.shield) ?? pop;
}
