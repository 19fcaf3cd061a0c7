/** The settings of the file system. */
import {
  type Conflict,
  flag,
  integer,
  list,
  path,
  section,
  size,
  type ValuesOf,
} from '../../core/config/index.ts';
import { packedBytesMax } from '../limits.ts';
import { s3Group, s3Problems } from '../s3/config.ts';
import { webHdfsGroup } from '../webhdfs/config.ts';
import { clusterFields, clusterProblems } from './cluster-config.ts';

const MEBIBYTE = 1024 * 1024;

const fields = {
  enabled: flag({ default: true, about: 'Whether the file system runs in this process.' }),
  disks: list(path({ default: '', about: '' }), {
    default: [],
    max: 256,
    about:
      'Folders for the blocks of files, one for each disk; without any `disk` in the data folder.',
    change: 'Name a folder on each disk that is to hold files. A disk may be added, never renamed.',
  }),
  blockBytes: size({
    default: 64 * MEBIBYTE,
    min: packedBytesMax,
    max: 1024 * MEBIBYTE,
    about: 'Size of the blocks that large files are cut into.',
  }),
  reserveBytes: size({
    default: 256 * MEBIBYTE,
    about: 'Bytes of each disk that files leave free.',
    change: 'Raise it when other programs write to the same disk.',
  }),
  scrubBytes: size({
    default: 4 * MEBIBYTE,
    about: 'Bytes a second that are read to find damaged blocks; 0 for none.',
  }),
  replication: integer({
    default: 1,
    min: 1,
    max: 10,
    about:
      'Replicas of each block that new files want; more than there are DataNodes only wait for them.',
  }),
  ...clusterFields,
  s3: s3Group,
  webhdfs: webHdfsGroup,
} as const;

export const filesConfig = section(
  'files',
  'The file system: objects by S3, files by WebHDFS.',
  fields,
  (values): readonly Conflict[] => [...s3Problems(values.s3), ...clusterProblems(values)],
);

export type FilesSettings = ValuesOf<typeof fields>;
