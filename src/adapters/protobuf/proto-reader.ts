/**
 * Reads protobuf in one pass, field by field, without making an object for every message: what the store and its clients
 * exchange for each event costs a fraction of what the generated classes take.
 *
 *   for (let field = reader.next(); field > 0; field = reader.next()) {
 *     if (field === 1) id = reader.string();
 *     else reader.skip();
 *   }
 */

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** Bytes that are no protobuf. */
export class MalformedMessage extends Error {}

export class ProtoReader {
  #at: number;
  #wireType = VARINT;

  constructor(
    private readonly bytes: Buffer,
    from = 0,
    private readonly end = bytes.length,
  ) {
    this.#at = from;
  }

  /** The number of the next field, whose value must then be read or skipped; 0 at the message's end. */
  next(): number {
    if (this.#at >= this.end) return 0;
    const key = this.uint();
    this.#wireType = key & 7;
    const field = key >>> 3;
    if (field === 0) throw new MalformedMessage('a field has no number');
    return field;
  }

  /** A whole number; beyond 2^53 the nearest that JavaScript has. */
  uint(): number {
    let value = 0;
    let factor = 1;
    for (let length = 0; length < 10; length++) {
      if (this.#at >= this.end) break;
      const byte = this.bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new MalformedMessage('a number does not end');
  }

  /** Any 64 bits, exactly. */
  bigUint(): bigint {
    const from = this.#at;
    const value = this.uint();
    if (value <= Number.MAX_SAFE_INTEGER) return BigInt(value);
    let exact = 0n;
    for (let at = this.#at - 1; at >= from; at--) exact = (exact << 7n) | BigInt((this.bytes[at] ?? 0) & 0x7f);
    return BigInt.asUintN(64, exact);
  }

  string(): string {
    const length = this.#length();
    this.#at += length;
    return this.bytes.toString('utf8', this.#at - length, this.#at);
  }

  /** A view of the bytes, not a copy. */
  slice(): Buffer {
    const length = this.#length();
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  /** The message that stands here, to be read by itself. */
  message(): ProtoReader {
    const length = this.#length();
    this.#at += length;
    return new ProtoReader(this.bytes, this.#at - length, this.#at);
  }

  skip(): void {
    if (this.#wireType === LENGTH_DELIMITED) this.slice();
    else if (this.#wireType === VARINT) this.uint();
    else if (this.#wireType === FIXED_64) this.#at += 8;
    else if (this.#wireType === FIXED_32) this.#at += 4;
    else throw new MalformedMessage(`a field has wire type ${this.#wireType}`);
  }

  #length(): number {
    if (this.#wireType !== LENGTH_DELIMITED) throw new MalformedMessage('a field is not of the type that it should be');
    const length = this.uint();
    if (this.#at + length > this.end) throw new MalformedMessage('a field is longer than its message');
    return length;
  }
}
