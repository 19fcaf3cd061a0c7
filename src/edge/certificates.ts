/** Certificates of the sites, and the challenges by which they are obtained, as the settings of the network say. */
import type { Operation } from '../core/base/index.ts';
import type { Logger, MetricSpec } from '../core/observe/index.ts';
import type { Clock, Disk, Random } from '../core/runtime/index.ts';
import {
  AccountFile,
  AcmeAuthority,
  acmeMetrics,
  acmeOperations,
  Certificates,
  type CertificatesShown,
  Challenges,
  type Sharing,
  type TxtRecords,
} from './acme/index.ts';
import { certificateFolder, type EdgeSettings, wantedOf } from './config/config.ts';

export interface EdgeCertificatesContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly log: Logger;
  /** Of the edge. */
  readonly dataFolder: string;
  readonly pop: string;
  readonly sharing: Sharing;
  readonly records: TxtRecords;
  isCoordinator(): boolean;
  /** The files of a certificate have changed. */
  onRenewed(name: string): void;
}

export class EdgeCertificates {
  readonly challenges: Challenges;
  private settings: EdgeSettings;
  private readonly context: EdgeCertificatesContext;
  private readonly account: AccountFile;
  private readonly certificates: Certificates;

  /** @throws the disk's error. */
  constructor(settings: EdgeSettings, context: EdgeCertificatesContext) {
    const { clock, disk, log, pop, sharing, records } = context;
    this.settings = settings;
    this.context = context;
    const folder = certificateFolder(context.dataFolder);
    disk.mkdirSync(folder);
    this.account = new AccountFile(disk, folder);
    this.challenges = new Challenges({ clock, log, pop, records, sharing });
    const secret = settings.secret?.reveal();
    this.certificates = new Certificates(
      {
        ...context,
        ...{ folder, account: this.account, board: this.challenges },
        ...(secret !== undefined && { shared: { sharing, secret } }),
      },
      this.authority(settings),
    );
  }

  /** Resolves when there is something to show for every site. @throws the disk's error. */
  start(): Promise<void> {
    return this.certificates.start(wantedOf(this.settings).certificates);
  }

  change(settings: EdgeSettings): Promise<void> {
    this.settings = settings;
    return this.certificates.change(wantedOf(settings).certificates, this.authority(settings));
  }

  /** Another PoP can be told and asked. */
  announce(): void {
    this.certificates.announce();
  }

  stop(): void {
    this.certificates.stop();
    this.challenges.stop();
  }

  shown(): CertificatesShown {
    return this.certificates.shown(wantedOf(this.settings).leftOut);
  }

  metrics(): readonly MetricSpec[] {
    return acmeMetrics(this.certificates, this.challenges);
  }

  operations(): readonly Operation[] {
    return acmeOperations({
      shown: () => this.shown(),
      renew: (name) => this.certificates.renew(name),
    });
  }

  private authority({ acme }: EdgeSettings): AcmeAuthority {
    const { clock, disk } = this.context;
    return new AcmeAuthority({ settings: acme, account: this.account, clock, disk });
  }
}
