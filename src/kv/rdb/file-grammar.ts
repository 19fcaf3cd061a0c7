/**
 * What may stand where in an RDB file:
 *
 *     "REDIS" and 4 digits of version | (opcode | type and key and value)* |
 *     0xff | CRC-64 u64 (version 5 on; 0: none was computed)
 *
 * One step reads one item and commits it; a step that is stopped by
 * `RdbStarved` is repeated when more bytes are there.
 */

import * as rdb from './constants.ts';
import type { Crc64 } from './crc64.ts';
import type { ByteCursor } from './cursor.ts';
import { badFormat, unsupported } from './fault.ts';
import type { RdbFileSink, RdbKeyInfo } from './file-sink.ts';
import { ignoringSink } from './sink.ts';
import type { ValueParser } from './value-parser.ts';
import { parserFor } from './value-types.ts';

const HEADER = /^REDIS(\d{4})$/;
const HEADER_BYTES = 9;
const CRC_BYTES = 8;
/** Files older than this carry no checksum. */
const CRC_SINCE_VERSION = 5;

/** Opcodes inside the data of a module. */
const MODULE_EOF = 0;
const MODULE_SIGNED = 1;
const MODULE_UNSIGNED = 2;
const MODULE_FLOAT = 3;
const MODULE_DOUBLE = 4;
const MODULE_STRING = 5;

type State = 'header' | 'opcode' | 'module-aux' | 'value' | 'checksum' | 'end';

const NO_EXTRAS: Omit<RdbKeyInfo, 'type'> = {
  expireAtMs: null,
  idleSeconds: null,
  frequency: null,
};

export interface FileGrammarOptions {
  readonly trackDuplicates: boolean;
  /** The checksum of everything before the checksum field. */
  readonly checksum: () => Crc64;
}

export class FileGrammar {
  private readonly sink: RdbFileSink;
  private readonly options: FileGrammarOptions;
  private state: State = 'header';
  private version = 0;
  /** What was told about the next key before its type. */
  private extras = NO_EXTRAS;
  private value: ValueParser | null = null;
  private wanted = false;
  /** Set when the file ended and its checksum is not that of its bytes. */
  checksumIsWrong = false;

  constructor(sink: RdbFileSink, options: FileGrammarOptions) {
    this.sink = sink;
    this.options = options;
  }

  /** Reads to the end of the file. */
  run(cursor: ByteCursor): void {
    while (this.state !== 'end') {
      this.state = this.step(cursor);
      cursor.commit();
    }
  }

  private step(cursor: ByteCursor): State {
    switch (this.state) {
      case 'header':
        return this.readHeader(cursor);
      case 'opcode':
        return this.readOpcode(cursor, cursor.u8());
      case 'module-aux':
        return skipModulePart(cursor);
      case 'value':
        return this.readValue(cursor);
      case 'checksum':
        return this.readChecksum(cursor);
      case 'end':
        return 'end';
    }
  }

  private readHeader(cursor: ByteCursor): State {
    const match = HEADER.exec(cursor.raw(HEADER_BYTES).toString('latin1'));
    if (match === null) badFormat('not an RDB file');
    this.version = Number(match[1]);
    if (this.version < 1) badFormat('not an RDB file');
    if (this.version > rdb.RDB_VERSION_READ_MAX) unsupported('RDB version newer than is read');
    this.sink.onHeader(this.version);
    return 'opcode';
  }

  private readOpcode(cursor: ByteCursor, code: number): State {
    switch (code) {
      case rdb.OP_EOF:
        return this.version >= CRC_SINCE_VERSION ? 'checksum' : 'end';
      case rdb.OP_SELECTDB:
        this.sink.onSelectDb(cursor.length());
        return 'opcode';
      case rdb.OP_RESIZEDB:
        this.sink.onResizeDb(cursor.length(), cursor.length());
        return 'opcode';
      case rdb.OP_AUX:
        this.sink.onAux(cursor.string(), cursor.string());
        return 'opcode';
      case rdb.OP_FUNCTION2:
        this.sink.onFunction(cursor.string());
        return 'opcode';
      case rdb.OP_EXPIRETIME:
        this.extras = { ...this.extras, expireAtMs: cursor.i32() * 1000 };
        return 'opcode';
      case rdb.OP_EXPIRETIME_MS:
        this.extras = { ...this.extras, expireAtMs: cursor.timeMs() };
        return 'opcode';
      case rdb.OP_IDLE:
        this.extras = { ...this.extras, idleSeconds: cursor.length() };
        return 'opcode';
      case rdb.OP_FREQ:
        this.extras = { ...this.extras, frequency: cursor.u8() };
        return 'opcode';
      case rdb.OP_SLOT_INFO: {
        // Sizes of one cluster slot: hints of no use here.
        cursor.length();
        cursor.length();
        cursor.length();
        return 'opcode';
      }
      case rdb.OP_MODULE_AUX:
        cursor.lengthBig(); // the module's id
        return 'module-aux';
      case rdb.OP_FUNCTION_PRE_GA:
        return unsupported('function of a Redis 7.0 release candidate');
      default:
        return this.readKey(cursor, code);
    }
  }

  private readKey(cursor: ByteCursor, type: number): State {
    const key = cursor.string();
    const { sink } = this;
    const { trackDuplicates } = this.options;
    // Decided before the key is told, so that a refused type leaves no open key.
    const read = parserFor(type, { sink, allowEmpty: true, trackDuplicates });
    this.wanted = sink.onKey(key, { type, ...this.extras });
    this.extras = NO_EXTRAS;
    this.value = this.wanted
      ? read
      : parserFor(type, { sink: ignoringSink, allowEmpty: true, trackDuplicates: false });
    return 'value';
  }

  private readValue(cursor: ByteCursor): State {
    this.value?.run(cursor);
    this.value = null;
    if (this.wanted) this.sink.endKey();
    return 'opcode';
  }

  private readChecksum(cursor: ByteCursor): State {
    const bytes = cursor.raw(CRC_BYTES);
    const none = bytes.readBigUInt64LE(0) === 0n;
    this.checksumIsWrong = !none && !this.options.checksum().equalsAt(bytes, 0);
    return 'end';
  }
}

/** Reads over one tagged item of a module's auxiliary data. */
function skipModulePart(cursor: ByteCursor): State {
  switch (cursor.length()) {
    case MODULE_EOF:
      return 'opcode';
    case MODULE_SIGNED:
    case MODULE_UNSIGNED:
      cursor.lengthBig();
      return 'module-aux';
    case MODULE_FLOAT:
      cursor.skip(4);
      return 'module-aux';
    case MODULE_DOUBLE:
      cursor.skip(8);
      return 'module-aux';
    case MODULE_STRING:
      cursor.string();
      return 'module-aux';
    default:
      return badFormat('unknown module opcode');
  }
}
