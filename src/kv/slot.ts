/**
 * The slot of a key: CRC16 (XMODEM) of the key, or of its hash tag, modulo 16,384
 * (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model).
 */
export const SLOTS = 16_384;

const OPEN = 123;
const CLOSE = 125;
const POLYNOMIAL = 0x1021;

const CRC16 = new Uint16Array(256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
  CRC16[byte] = crc;
}

/** The slot of the key `buf[start .. end)`. */
export function slotOf(buf: Buffer, start: number, end: number): number {
  let from = start;
  let to = end;
  const open = buf.indexOf(OPEN, start);
  if (open >= 0 && open < end) {
    const close = buf.indexOf(CLOSE, open + 1);
    // An empty tag is none.
    if (close > open + 1 && close < end) {
      from = open + 1;
      to = close;
    }
  }
  let crc = 0;
  for (let i = from; i < to; i++) {
    crc = ((crc << 8) & 0xffff) ^ (CRC16[((crc >>> 8) ^ (buf[i] as number)) & 0xff] as number);
  }
  return crc & (SLOTS - 1);
}
