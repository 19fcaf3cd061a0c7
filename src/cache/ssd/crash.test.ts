import { test } from 'node:test';
import type { SimFault } from '../../core/runtime/sim/index.ts';
import { cutEverywhere, failEverywhere, shapes } from './crash-world.ts';

const seed = Number(process.env.PLINTH_CACHE_SEED ?? 1);
/** Every operation is cut at in tests/soak/cache. */
const stride = Number(process.env.PLINTH_CACHE_STRIDE ?? 37);

for (const [name, shape] of Object.entries(shapes)) {
  for (const [nth, how] of (['power', 'kill'] as const).entries()) {
    test(`${how}, ${name} records: cut anywhere, what is found was put, whole, and purges are known, seed ${seed}`, async (t) => {
      const places = { seed, stride, shape, first: 1 + ((nth * 5) % stride) };
      t.diagnostic(`${await cutEverywhere(how, places)} operations`);
    });
  }
}

for (const [nth, fault] of (['ENOSPC', 'EIO', 'short'] satisfies SimFault[]).entries()) {
  test(`${fault} anywhere gives nothing wrong, and work goes on, seed ${seed}`, async (t) => {
    const places = { seed, stride, shape: shapes.small, first: 1 + ((nth * 3) % stride) };
    t.diagnostic(`${await failEverywhere(fault, places)} operations`);
  });
}
