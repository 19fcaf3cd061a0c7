/** Settings of several DataNodes: which part this process has, and how the parts find and trust each other. */
import {
  address,
  type Conflict,
  duration,
  flag,
  group,
  integer,
  list,
  port,
  secret,
  size,
  text,
  type ValuesOf,
} from '../../core/config/index.ts';

const HOST_PORT = /^(?:\[[0-9A-Fa-f:.]+\]|[^:[\]\s]+):\d{1,5}$/;
const LOOPBACK = /^(?:127\.|localhost$|::1$)/;
const NODE_NAME = /^[0-9A-Za-z.:[\]-]{1,128}$/;

const hostPortText = {
  max: 300,
  pattern: HOST_PORT,
  wanted: 'a host and a port, such as 10.0.0.5:9640',
} as const;

const nodeName = text({
  default: '',
  about: '',
  pattern: NODE_NAME,
  wanted: 'the id of a DataNode, or its address',
});

export const clusterFields = {
  join: text({
    ...hostPortText,
    default: undefined,
    about:
      'Address of the NameNode: this process is one of its DataNodes, without a namespace and doors of its own.',
    change: 'Set it on each DataNode to what the NameNode has in `cluster.listen`.',
  }),
  rack: text({
    default: 'default',
    max: 64,
    pattern: /^[0-9A-Za-z._/-]{1,64}$/,
    wanted: '1 to 64 letters, digits, . _ / and -',
    about:
      'What fails together with this node: replicas of a block are on two racks where there are two.',
    change: 'Name the rack, the switch or the zone on each node.',
  }),
  dataBind: address({
    default: '127.0.0.1',
    about: 'DataNode: address to listen on for those who write and read blocks.',
  }),
  dataPort: port({
    default: 0,
    about: 'DataNode: port to listen on for those who write and read blocks; 0 takes a free one.',
  }),
  advertised: text({
    ...hostPortText,
    default: undefined,
    about: 'DataNode: host and port by which others reach it; without it, where it listens.',
    change: 'Set it behind an address translation.',
  }),
  secret: secret({
    about: 'What NameNode and DataNodes prove to each other to know; the same on all of them.',
  }),
  cluster: group('NameNode: DataNodes that join it.', {
    listen: text({
      ...hostPortText,
      default: undefined,
      about:
        'Address to listen on for DataNodes; without it all blocks are on the disks of this process.',
      change: 'Set it when files are to survive the loss of a machine.',
    }),
    local: flag({
      default: true,
      about:
        'Whether the disks of this process take blocks too; without it those that are there leave.',
    }),
    minReplicas: integer({
      default: 2,
      min: 1,
      max: 10,
      about:
        'Replicas that are durable before a write is answered, or as many as are wanted at all.',
      change: 'Set 1 to write on while all nodes but one are lost.',
    }),
    deadMs: duration({
      default: 30_000,
      min: 2000,
      max: 86_400_000,
      about: 'A DataNode that is silent for so long is dead: what it had is copied from others.',
    }),
    namelessMs: duration({
      default: 60_000,
      max: 86_400_000,
      about: 'Blocks on DataNodes that nothing names are deleted so long after they were reported.',
      change: 'Raise it before the NameNode is started with an older copy of its data.',
    }),
    repairBytes: size({
      default: 0,
      about: 'Bytes a second of repair that may begin; 0 for as many as it takes.',
    }),
    decommission: list(nodeName, {
      default: [],
      max: 1000,
      reloadable: true,
      about: 'DataNodes whose blocks are to be moved to others.',
    }),
    maintenance: list(nodeName, {
      default: [],
      max: 1000,
      reloadable: true,
      about:
        'DataNodes that will be away for a while: nothing is copied as long as one replica is elsewhere.',
    }),
  }),
} as const;

export type ClusterSettings = ValuesOf<typeof clusterFields>;

/** Settings that do not go together. */
export function clusterProblems(settings: ClusterSettings): Conflict[] {
  const { join, cluster, secret: known, dataBind } = settings;
  const problems: Conflict[] = [];
  if (join !== undefined && cluster.listen !== undefined) {
    problems.push({ key: 'join', says: 'and files.cluster.listen are of two kinds of nodes' });
  }
  if (known !== undefined) return problems;
  if (cluster.listen !== undefined && !LOOPBACK.test(cluster.listen.replace(/^\[/, ''))) {
    problems.push({ key: 'cluster.listen', says: 'is reached by others and needs files.secret' });
  }
  if (join !== undefined && !LOOPBACK.test(dataBind)) {
    problems.push({ key: 'data_bind', says: 'is reached by others and needs files.secret' });
  }
  return problems;
}
