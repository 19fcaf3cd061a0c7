/** `plinth edge`: subcommands for the content delivery network. */
import type { Command } from 'commander';
import { addEdgeExplain } from './edge-explain.ts';
import { addEdgeLab } from './edge-lab.ts';
import { addEdgePurge } from './edge-purge.ts';
import { addEdgeSign } from './edge-sign.ts';
import { addEdgeStatus } from './edge-status.ts';
import type { CommandContext } from './host.ts';

export function addEdge(program: Command, context: CommandContext): void {
  const edge = program
    .command('edge')
    .description('run a content delivery network, look at it, and make it forget');
  addEdgeLab(edge, context);
  addEdgeStatus(edge, context);
  addEdgePurge(edge, context);
  addEdgeExplain(edge, context);
  addEdgeSign(edge, context);
}
