/** `plinth balancer`: subcommands for the load balancer. */
import type { Command } from 'commander';
import { addDrain, addResume } from './balancer-drain.ts';
import { addAdd, addRemove, addWeight } from './balancer-servers.ts';
import { addBalancerStatus } from './balancer-status.ts';
import type { CommandContext } from './host.ts';

export function addBalancer(program: Command, context: CommandContext): void {
  const balancer = program
    .command('balancer')
    .description('look at the load balancer, and take servers and listeners in and out');
  addBalancerStatus(balancer, context);
  addDrain(balancer, context);
  addResume(balancer, context);
  addWeight(balancer, context);
  addAdd(balancer, context);
  addRemove(balancer, context);
}
