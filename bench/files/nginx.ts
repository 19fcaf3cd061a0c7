/** nginx that sends a file by sendfile: what the sockets of this machine and this client allow, with nothing looked at. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../tests/support/process.ts';
import { contentOf } from './bytes.ts';
import { ServerGroup } from './servers.ts';

/** @param path of the one file that it has, of so many bytes. */
export async function startNginx(name: string, path: string, bytes: number): Promise<ServerGroup> {
  const group = new ServerGroup(name);
  const { folder } = group;
  try {
    const file = join(folder, 'www', path);
    mkdirSync(join(file, '..'), { recursive: true });
    const fd = openSync(file, 'w');
    for (const piece of contentOf(0, bytes)) writeSync(fd, piece);
    closeSync(fd);
    const port = await freePort();
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
      .join(' ');
    const conf = join(folder, 'nginx.conf');
    writeFileSync(
      conf,
      `daemon off; master_process off; pid ${folder}/pid; error_log /dev/null; events {}
       http { access_log off; sendfile on; sendfile_max_chunk 2m; ${temporary}
         server { listen 127.0.0.1:${port}; root ${folder}/www; location = / { return 200; } } }`,
    );
    group.start(['nginx', '-c', conf, '-p', folder]);
    await group.open({ port });
    return group;
  } catch (error) {
    await group.stop();
    throw error;
  }
}
