/**
 * Debian's radosgw on a Ceph of one monitor and one OSD, made by hand in one folder: BlueStore in a sparse file, one
 * replica. Without a manager, which serving objects does not need.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { freePort } from '../../tests/support/process.ts';
import { ServerGroup } from './servers.ts';

const ACCESS_KEY = 'bench';
const SECRET_KEY = 'bench-secret';
/** Room of the OSD; the file is sparse. */
const BLOCK_BYTES = 24 * 2 ** 30;

/** Whether `radosgw`, `ceph-mon` and `ceph-osd` are installed: packages of Debian. */
export function hasCeph(): boolean {
  return ['radosgw', 'ceph-mon', 'ceph-osd'].every(
    (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0,
  );
}

export async function startCeph(name: string): Promise<ServerGroup> {
  const group = new ServerGroup(name);
  const { folder } = group;
  const conf = `${folder}/ceph.conf`;
  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, {
      ...{ cwd: folder, encoding: 'utf8', timeout: 60_000 },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  try {
    const port = await freePort();
    const monitors = `[v2:127.0.0.1:${await freePort()},v1:127.0.0.1:${await freePort()}]`;
    const cluster = randomUUID();
    const osd = randomUUID();
    for (const each of ['mon', 'osd', 'rgw']) mkdirSync(`${folder}/${each}`);
    writeFileSync(conf, configuration(folder, { cluster, monitors, port }));
    makeKeys(run, `${folder}/keyring`);
    run('monmaptool', '--create', '--fsid', cluster, '--addv', 'a', monitors, `${folder}/monmap`);
    const first = ['-i', 'a', '--monmap', `${folder}/monmap`, '--keyring', `${folder}/keyring`];
    run('ceph-mon', '-c', conf, '--mkfs', ...first);
    group.start(['ceph-mon', '-c', conf, '-i', 'a', '-f']);
    await group.until('the monitor to answer', async () => {
      run('ceph', '-c', conf, '--connect-timeout', '5', 'osd', 'new', osd);
    });
    run('ceph-osd', '-c', conf, '-i', '0', '--mkfs', '--osd-uuid', osd);
    group.start(['ceph-osd', '-c', conf, '-i', '0', '-f']);
    const keys = ['--access-key', ACCESS_KEY, '--secret-key', SECRET_KEY];
    const user = ['user', 'create', '--uid', 'bench', '--display-name', 'bench', ...keys];
    run('radosgw-admin', '-c', conf, ...user);
    group.start(['radosgw', '-c', conf, '-n', 'client.admin', '-f']);
    await group.open({ port, key: { id: ACCESS_KEY, secret: SECRET_KEY } });
    return group;
  } catch (error) {
    await group.stop();
    throw error;
  }
}

function makeKeys(run: (program: string, ...args: string[]) => string, keyring: string): void {
  const all = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *'];
  run('ceph-authtool', '--create-keyring', keyring, '--gen-key', '-n', 'mon.', ...all.slice(0, 3));
  run('ceph-authtool', keyring, '--gen-key', '-n', 'client.admin', ...all);
  run('ceph-authtool', keyring, '--gen-key', '-n', 'osd.0', ...all);
}

function configuration(
  folder: string,
  { cluster, monitors, port }: { cluster: string; monitors: string; port: number },
): string {
  return `[global]
fsid = ${cluster}
mon_initial_members = a
mon_host = ${monitors}
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
mon_allow_pool_size_one = true
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_crush_chooseleaf_type = 0
osd_objectstore = bluestore
bluestore_block_create = true
bluestore_block_size = ${BLOCK_BYTES}
mon_data = ${folder}/mon
mon_data_avail_crit = 1
osd_data = ${folder}/osd
keyring = ${folder}/keyring
run_dir = ${folder}
crash_dir = ${folder}
admin_socket = ${folder}/$name.asok
pid_file = ${folder}/$name.pid
log_file = /dev/null
mon_cluster_log_file = /dev/null
[client]
rgw_frontends = beast endpoint=127.0.0.1:${port} tcp_nodelay=1
rgw_data = ${folder}/rgw
rgw_enable_usage_log = false
`;
}
