import { test } from 'node:test';
import type { SimFault } from '../../runtime/sim/index.ts';
import { cutEverywhere, failEverywhere } from './crash-run.ts';

// Every operation is cut at in tests/soak/lsm.
const places = { seed: Number(process.env.PLINTH_LSM_SEED ?? 1), first: 1, stride: 9 };

for (const [nth, how] of (['power', 'kill'] as const).entries()) {
  test(`${how}: cut anywhere, a beginning of what was written is there, whole, and has what was promised, seed ${places.seed}`, async () => {
    await cutEverywhere(how, { ...places, first: 1 + nth * 3 });
  });
}

for (const [nth, fault] of (['ENOSPC', 'EIO', 'short'] satisfies SimFault[]).entries()) {
  test(`${fault} anywhere loses nothing acknowledged, and work goes on, seed ${places.seed}`, async () => {
    await failEverywhere(fault, { ...places, first: 1 + nth * 2 });
  });
}
