/**
 * Writes protobuf back to front, so that the length of a nested message is known when its prefix is written. The store and
 * its clients send the same few messages by the ten thousand per second; the generated classes take several times as long.
 * Fields are therefore written in descending order of their numbers.
 */

/** 2^63 - 1, a tombstone's revision, rounds to this as a JavaScript number. */
const ROUNDED_LARGEST_INT64 = 2 ** 63;
const LARGEST_INT64 = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);

export class ProtoWriter {
  readonly #target: Buffer;
  #at: number;

  /** @param capacity at least as many bytes as will be written */
  constructor(capacity: number) {
    this.#target = Buffer.allocUnsafe(capacity);
    this.#at = capacity;
  }

  /** What a nested message's `close` needs to know, taken before its fields are written. */
  get mark(): number {
    return this.#at;
  }

  /** Ends a nested message whose fields were written since `mark`. */
  close(field: number, mark: number): void {
    this.#varint(mark - this.#at);
    this.#target[--this.#at] = (field << 3) | 2;
  }

  bytes(field: number, value: Uint8Array): void {
    this.#at -= value.length;
    this.#target.set(value, this.#at);
    this.#varint(value.length);
    this.#target[--this.#at] = (field << 3) | 2;
  }

  string(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.#at -= length;
    this.#target.write(value, this.#at, length, 'utf8');
    this.#varint(length);
    this.#target[--this.#at] = (field << 3) | 2;
  }

  /** A whole number from 0; 2^63 is written as 2^63 - 1. */
  uint(field: number, value: number): void {
    if (value === ROUNDED_LARGEST_INT64) {
      this.#at -= LARGEST_INT64.length;
      this.#target.set(LARGEST_INT64, this.#at);
    } else {
      this.#varint(value);
    }
    this.#target[--this.#at] = field << 3;
  }

  /** Any 64 bits, negative numbers as their two's complement. Slow: for what is rarely sent. */
  int64(field: number, bits: bigint): void {
    const encoded: number[] = [];
    for (let rest = BigInt.asUintN(64, bits); ; rest >>= 7n) {
      if (rest < 128n) {
        encoded.push(Number(rest));
        break;
      }
      encoded.push(Number(rest & 127n) | 0x80);
    }
    this.#at -= encoded.length;
    this.#target.set(encoded, this.#at);
    this.#target[--this.#at] = field << 3;
  }

  /** A message without fields. */
  empty(field: number): void {
    this.#target[--this.#at] = 0;
    this.#target[--this.#at] = (field << 3) | 2;
  }

  finish(): Buffer {
    return this.#target.subarray(this.#at);
  }

  #varint(value: number): void {
    if (value < 0x80) {
      this.#target[--this.#at] = value;
      return;
    }
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size++;
    this.#at -= size;
    let at = this.#at;
    let rest = value;
    while (rest >= 0x80) {
      this.#target[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#target[at] = rest;
  }
}
