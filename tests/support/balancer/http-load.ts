/**
 * Ordinary requests beside whatever else happens: a few lanes over kept connections, GET and POST in turns.
 *
 * Oracle: each is answered 200 with its own method, path and body; anything else is a sentence in `wrong`.
 */
import { Agent, request as ask } from 'node:http';
import { request as askTls, Agent as TlsAgent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

const WRONG_MAX = 20;
const BODY_BYTES_MAX = 20_000;

export interface LoadDoor {
  readonly port: number;
  readonly tls: boolean;
}

export class HttpLoad {
  readonly wrong: string[] = [];
  requests = 0;
  private stopped = false;
  private readonly agents = [
    new Agent({ keepAlive: true }),
    new TlsAgent({ keepAlive: true, rejectUnauthorized: false, servername: 'a.test' }),
  ] as const;
  private lanes: Promise<void>[] = [];

  start(doors: readonly LoadDoor[], lanes: number, pauseMs: number): void {
    for (let lane = 0; lane < lanes; lane++) {
      this.lanes.push(this.run(doors[lane % doors.length] as LoadDoor, lane, pauseMs));
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.lanes);
    for (const agent of this.agents) agent.destroy();
  }

  private async run(door: LoadDoor, lane: number, pauseMs: number): Promise<void> {
    for (let turn = 0; !this.stopped; turn++) {
      const method = turn % 3 === 2 ? 'POST' : 'GET';
      const path = `/http/${lane}/${turn}`;
      const body = method === 'GET' ? '' : `${turn} `.repeat((turn * 37) % (BODY_BYTES_MAX / 5));
      const told = await this.one(door, method, path, body).catch((error: Error) => error.message);
      this.requests++;
      const wanted = `200 ${method} ${path} ${body}`;
      if (told !== wanted && this.wrong.length < WRONG_MAX) {
        this.wrong.push(`${method} ${path}: ${told.slice(0, 200)}`);
      }
      if (pauseMs > 0) await sleep(pauseMs);
    }
  }

  private one(door: LoadDoor, method: string, path: string, body: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const options = {
      ...{ host: '127.0.0.1', port: door.port, method, path, timeout: 30_000 },
      headers: { host: 'a.test', 'content-length': Buffer.byteLength(body) },
    };
    const request = door.tls
      ? askTls({ ...options, agent: this.agents[1] })
      : ask({ ...options, agent: this.agents[0] });
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(`${response.statusCode} ${text}`));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer for 30 s')));
    request.on('error', reject);
    request.end(body);
    return promise;
  }
}
