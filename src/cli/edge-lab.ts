/** `plinth edge lab`: a content delivery network on this machine, with the distances of the real one. */
import { type Command, InvalidArgumentError } from 'commander';
import { type LabWanted, labDefaults } from '../edge/lab/index.ts';
import type { CommandContext } from './host.ts';

interface Options extends LabWanted {
  readonly folder: string;
}

const number =
  (min: number, max: number, isWhole: boolean) =>
  (text: string): number => {
    const value = Number(text);
    const isRight = text !== '' && value >= min && value <= max;
    if (isRight && (!isWhole || Number.isInteger(value))) return value;
    throw new InvalidArgumentError(`wanted a number from ${min} to ${max}`);
  };

const net = (text: string): string => {
  if (/^127\.(25[0-5]|2[0-4]\d|1?\d?\d)$/.test(text)) return text;
  throw new InvalidArgumentError('wanted the first two numbers of loopback addresses: 127.77');
};

export function addEdgeLab(edge: Command, { host, exit }: CommandContext): void {
  const { pops, net: standard, seed, loss, scale } = labDefaults;
  edge
    .command('lab')
    .description('start a whole network here: origin, shield, PoPs, DNS, distances between them')
    .option('-n, --pops <count>', 'PoPs, the shield included', number(2, 10, true), pops)
    .option('--net <127.n>', 'first two numbers of all addresses', net, standard)
    .option('--seed <number>', 'of losses', number(0, 0xffffffff, true), seed)
    .option('--loss <share>', 'of pieces lost between cities', number(0, 0.5, false), loss)
    .option('--scale <factor>', 'what distances are multiplied by', number(0, 100, false), scale)
    .option('-f, --folder <folder>', 'configuration and data', 'plinth-lab')
    .addHelpText(
      'after',
      `
Each PoP is a process with the one file that all share, as on machines of its own. Needs Linux:
every address of 127.0.0.0/8 is this machine's there. Ctrl-C ends everything.

Examples:
  $ plinth edge lab
  $ plinth edge lab --pops 10 --loss 0.01 --seed 7`,
    )
    .action(async ({ folder, ...wanted }: Options) => {
      exit(await host.lab({ wanted, folder }));
    });
}
