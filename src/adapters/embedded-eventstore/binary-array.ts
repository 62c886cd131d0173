/**
 * Postgres arrays in the binary wire format. As text, every byte of a payload would be written twice, as hex, and parsed
 * back; a Buffer parameter is sent as it is.
 */

type Filler = (target: Buffer, offset: number, index: number) => void;

function array(elementOid: number, count: number, sizes: (index: number) => number, fill: Filler): Buffer {
  let total = 20;
  for (let index = 0; index < count; index++) total += 4 + sizes(index);
  const target = Buffer.allocUnsafe(total);
  target.writeInt32BE(1, 0); // dimensions
  target.writeInt32BE(0, 4); // no NULLs
  target.writeInt32BE(elementOid, 8);
  target.writeInt32BE(count, 12);
  target.writeInt32BE(1, 16); // lower bound
  let offset = 20;
  for (let index = 0; index < count; index++) {
    const size = sizes(index);
    target.writeInt32BE(size, offset);
    fill(target, offset + 4, index);
    offset += 4 + size;
  }
  return target;
}

export function textArray(items: readonly string[]): Buffer {
  const sizes = items.map((item) => Buffer.byteLength(item));
  return array(
    25,
    items.length,
    (index) => sizes[index] ?? 0,
    (target, offset, index) => target.write(items[index] ?? '', offset, 'utf8'),
  );
}

export function byteaArray(items: readonly Uint8Array[]): Buffer {
  return array(
    17,
    items.length,
    (index) => items[index]?.length ?? 0,
    (target, offset, index) => {
      const item = items[index];
      if (item) target.set(item, offset);
    },
  );
}

export function uuidArray(items: readonly string[]): Buffer {
  return array(
    2950,
    items.length,
    () => 16,
    (target, offset, index) => target.write((items[index] ?? '').replaceAll('-', ''), offset, 'hex'),
  );
}

export function boolArray(items: readonly boolean[]): Buffer {
  return array(
    16,
    items.length,
    () => 1,
    (target, offset, index) => target.writeUInt8(items[index] ? 1 : 0, offset),
  );
}

/** 2^63 stands for 2^63 - 1, the revision of a tombstone. */
export function bigintArray(items: readonly number[]): Buffer {
  return array(
    20,
    items.length,
    () => 8,
    (target, offset, index) => {
      const item = items[index] ?? 0;
      target.writeBigInt64BE(item >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(item), offset);
    },
  );
}
