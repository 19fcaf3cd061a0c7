/** A section with records within records, as a balancer has them; for tests. */
import { choice, duration, flag, integer, list, secret, text } from './kinds.ts';
import { group, records, section } from './section.ts';
import { required } from './setting.ts';

const about = 'What it does.';

export const balancer = section(
  'balancer',
  'The balancer.',
  {
    enabled: flag({ default: true, about }),
    pools: records(
      'Servers that do the same.',
      {
        policy: choice(['round-robin', 'random'], {
          default: 'round-robin',
          about,
          reloadable: true,
        }),
        health: group('Health checks.', {
          everyMs: duration({ default: 2000, about, reloadable: true }),
          path: text({ default: undefined, about, reloadable: true }),
        }),
        servers: records(
          'Where requests go.',
          {
            address: required(text({ default: undefined, about, reloadable: true })),
            weight: integer({ default: 1, max: 256, about, reloadable: true }),
            password: secret({ about, reloadable: true }),
            pinned: integer({ default: 0, about }),
          },
          { one: 'server', max: 8, reloadable: true },
        ),
      },
      { one: 'pool', max: 8, reloadable: true, change: 'Add one for each kind of server.' },
    ),
    routes: records(
      'Who goes where.',
      {
        hosts: list(text({ default: '', about }), { default: [], about, reloadable: true }),
        pool: required(text({ default: undefined, about, reloadable: true })),
      },
      { one: 'route', max: 20, reloadable: true },
    ),
    listeners: records(
      'Doors.',
      { port: integer({ default: 0, about }) },
      { one: 'listener', max: 4 },
    ),
  },
  ({ pools, routes }) =>
    routes.flatMap(({ name, pool }) =>
      pools.some((each) => each.name === pool)
        ? []
        : [{ key: `routes.${name}.pool`, says: `is ${pool}, and there is no such pool` }],
    ),
);
