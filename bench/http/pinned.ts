/**
 * Programs that are measured beside each other: each pinned to a core, in one folder, with one certificate, ended
 * together.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Child, startChild, temporaryFolder, waitUntil } from '../../tests/support/process.ts';

/** What is measured runs on one core; loads, and servers behind, on the other. */
export const PROXY_CORE = 0;
export const LOAD_CORE = 1;

export const CIPHER_SUITE = 'TLS_AES_128_GCM_SHA256';
/** Of every program. */
export const CONNECTIONS_MAX = 4096;

/** One of those that are measured. */
export interface Measured {
  readonly name: string;
  readonly port: number;
  readonly child: Child;
}

export class PinnedBed {
  readonly folder: string;
  private readonly remove: () => void;
  private readonly children: Child[] = [];

  constructor(name: string) {
    const { path, remove } = temporaryFolder(name);
    this.folder = path;
    this.remove = remove;
  }

  /** Starts a program and resolves when it accepts connections on its port. */
  async start(core: number, port: number, command: readonly string[]): Promise<Child> {
    const child = startChild('taskset', ['-c', `${core}`, ...command], { cwd: this.folder });
    this.children.push(child);
    await waitUntil(`port ${port}`, () => {
      if (child.hasExited()) throw new Error(`a server did not start: ${child.output()}`);
      return connects(port);
    });
    return child;
  }

  async stop(): Promise<void> {
    for (const child of this.children) child.process.kill();
    await Promise.all(this.children.map(({ exited }) => exited));
    this.remove();
  }

  /** cert.pem, key.pem, and both.pem with both of them, as HAProxy wants it. */
  makeCertificate(): void {
    const cwd = this.folder;
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const files = [
      '-keyout',
      'key.pem',
      '-out',
      'cert.pem',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
    ];
    execFileSync('openssl', ['req', '-x509', ...newKey, ...files], { cwd, stdio: 'ignore' });
    execFileSync('sh', ['-c', 'cat cert.pem key.pem > both.pem'], { cwd });
  }

  /** @returns the command of an nginx with one worker and this configuration. */
  nginx(name: string, head: string, body: string): readonly string[] {
    const path = join(this.folder, `${name}.conf`);
    writeFileSync(
      path,
      `daemon off; worker_processes 1; master_process off; pid ${this.folder}/${name}.pid;
     error_log /dev/null; ${head}
     events { worker_connections ${CONNECTIONS_MAX}; multi_accept on; }
     ${body}`,
    );
    return ['nginx', '-c', path, '-p', this.folder];
  }

  /** What every nginx has around its servers. */
  nginxHttp(body: string): string {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((kind) => `${kind}_temp_path ${this.folder}/${kind};`)
      .join(' ');
    return `http { access_log off; keepalive_requests 100000000; ${temporary} ${body} }`;
  }
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
