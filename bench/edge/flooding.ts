/** The flood, a process of its own: `node flooding.ts port addresses connections perSecond`, until it is told to stop. */
import { setPriority } from 'node:os';
import { AskingClient, askEvenly } from './asking.ts';

const [port = 0, addresses = 1, connections = 1, perSecond = 1] = process.argv.slice(2).map(Number);
// What users wait for is to be the server, not this process beside theirs.
setPriority(10);

let served = 0;
let asked = 0;
const clients = Array.from(
  { length: addresses * connections },
  (_, i) =>
    new AskingClient({
      port,
      from: `127.2.${(i % addresses) + 1}.1`,
      path: () => `/flood-${asked++}`,
      onAnswer: (_ms, status) => {
        if (status === 200) served++;
      },
    }),
);
const stop = askEvenly(clients, perSecond);
process.send?.('begun');
process.on('disconnect', () => process.exit());
process.on('message', () => {
  stop();
  process.send?.({ sent: clients.reduce((sum, { sent }) => sum + sent, 0), served });
  for (const client of clients) client.close();
});
