/**
 * CRC-64/NVME (NVM Express NVM Command Set, section 5.2.1.3.4; polynomial 0xAD93D23594C93659, reflected, ones before
 * and behind), the checksum that today's SDKs of S3 prefer, and CRC-32C beside it.
 */
import { CrcEngine } from './crc-engine.ts';

export const CRC64NVME_POLYNOMIAL = 0x9a6c9329ac4bc9b5n;
export const CRC32C_POLYNOMIAL = 0x82f63b78n;

const engines = new Map<bigint, CrcEngine>();

/** A sum as it goes on; engines are shared, since none keeps anything between two calls. */
export class RunningCrc {
  private readonly engine: CrcEngine;
  private readonly ones: bigint;
  private readonly bytes: number;
  private value: bigint;

  /** `bytes` of the digest: 4 or 8. */
  constructor(polynomial: bigint, bytes: number) {
    let engine = engines.get(polynomial);
    if (engine === undefined) {
      engine = new CrcEngine(polynomial);
      engines.set(polynomial, engine);
    }
    this.engine = engine;
    this.bytes = bytes;
    this.ones = (1n << BigInt(bytes * 8)) - 1n;
    this.value = this.ones;
  }

  update(bytes: Uint8Array): void {
    this.value = this.engine.update(this.value, bytes);
  }

  /** The high byte first. */
  digest(): Buffer {
    const hex = (this.value ^ this.ones).toString(16).padStart(this.bytes * 2, '0');
    return Buffer.from(hex, 'hex');
  }
}
