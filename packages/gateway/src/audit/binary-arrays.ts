/**
 * One-dimensional arrays in Postgres's binary format (src/backend/utils/adt/arrayfuncs.c, array_recv):
 * dimensions, has-nulls flag, element type, length, lower bound; then each element's length (-1 is null) and bytes.
 *
 * pg sends a Buffer as a binary parameter, so a batch costs Postgres no parsing and us no quoting. All integers are
 * big-endian.
 */
const HEADER_BYTES = 20;
const LENGTH_BYTES = 4;
const NULL = -1;

// Types' object ids (pg_type.dat); they never change.
const BYTEA = 17;
const INT8 = 20;
const TEXT = 25;
const TIMESTAMPTZ = 1184;

/** 2000-01-01, from which Postgres counts microseconds. */
const POSTGRES_EPOCH_MS = 946_684_800_000;

export function int8Array(values: readonly number[]): Buffer {
  return eightByteArray(INT8, values, (value) => BigInt(value));
}

/** From milliseconds since 1970. */
export function timestamptzArray(valuesMs: readonly number[]): Buffer {
  return eightByteArray(TIMESTAMPTZ, valuesMs, (value) => BigInt(value - POSTGRES_EPOCH_MS) * 1000n);
}

export function textArray(values: readonly (string | null)[]): Buffer {
  let size = HEADER_BYTES;
  let hasNull = false;
  for (const value of values) {
    size += LENGTH_BYTES;
    if (value === null) hasNull = true;
    else size += Buffer.byteLength(value, 'utf8');
  }
  const buffer = header(TEXT, values.length, hasNull, size);
  let at = HEADER_BYTES;
  for (const value of values) {
    const length = value === null ? NULL : buffer.write(value, at + LENGTH_BYTES, 'utf8');
    buffer.writeInt32BE(length, at);
    at += LENGTH_BYTES + Math.max(0, length);
  }
  return buffer;
}

export function byteaArray(values: readonly Uint8Array[]): Buffer {
  return bytesArray(BYTEA, values);
}

/** Texts that are UTF-8 bytes already. */
export function encodedTextArray(values: readonly Uint8Array[]): Buffer {
  return bytesArray(TEXT, values);
}

function bytesArray(type: number, values: readonly Uint8Array[]): Buffer {
  let size = HEADER_BYTES;
  for (const value of values) size += LENGTH_BYTES + value.length;
  const buffer = header(type, values.length, false, size);
  let at = HEADER_BYTES;
  for (const value of values) {
    buffer.writeInt32BE(value.length, at);
    buffer.set(value, at + LENGTH_BYTES);
    at += LENGTH_BYTES + value.length;
  }
  return buffer;
}

function eightByteArray(type: number, values: readonly number[], encode: (value: number) => bigint): Buffer {
  const buffer = header(type, values.length, false, HEADER_BYTES + values.length * (LENGTH_BYTES + 8));
  let at = HEADER_BYTES;
  for (const value of values) {
    buffer.writeInt32BE(8, at);
    buffer.writeBigInt64BE(encode(value), at + LENGTH_BYTES);
    at += LENGTH_BYTES + 8;
  }
  return buffer;
}

function header(type: number, length: number, hasNull: boolean, size: number): Buffer {
  const buffer = Buffer.allocUnsafe(size);
  // An empty array has no dimension, and Postgres reads no further.
  buffer.writeInt32BE(length === 0 ? 0 : 1, 0);
  buffer.writeInt32BE(hasNull ? 1 : 0, 4);
  buffer.writeInt32BE(type, 8);
  buffer.writeInt32BE(length, 12);
  buffer.writeInt32BE(1, 16);
  return length === 0 ? buffer.subarray(0, 12) : buffer;
}
