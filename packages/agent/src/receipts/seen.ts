import { hash } from 'node:crypto';

const SLOTS_PER_ID = 2;

/**
 * Ids of executed calls, by 64 bits of their SHA-256: at least the last `idsMax`, at most twice as many, in memory that
 * is there from the start. Two generations: a full one becomes the older, and the older is forgotten.
 */
export class SeenCalls {
  readonly #idsMax: number;
  #younger: BigUint64Array;
  #older: BigUint64Array;
  #count = 0;

  constructor(idsMax: number) {
    this.#idsMax = idsMax;
    this.#younger = new BigUint64Array(idsMax * SLOTS_PER_ID);
    this.#older = new BigUint64Array(idsMax * SLOTS_PER_ID);
  }

  has(call: string): boolean {
    const key = keyOf(call);
    return this.#younger[slotOf(this.#younger, key)] === key || this.#older[slotOf(this.#older, key)] === key;
  }

  add(call: string): void {
    if (this.#count >= this.#idsMax) {
      [this.#younger, this.#older] = [this.#older.fill(0n), this.#younger];
      this.#count = 0;
    }
    const key = keyOf(call);
    const slot = slotOf(this.#younger, key);
    if (this.#younger[slot] === 0n) this.#count += 1;
    this.#younger[slot] = key;
  }
}

/** Zero stands for an empty slot, so no key is zero. */
function keyOf(call: string): bigint {
  const key = hash('sha256', call, 'buffer').readBigUInt64BE();
  return key === 0n ? 1n : key;
}

/** Where a key is, or would be. The table is never more than half full, so there is a free slot. */
function slotOf(table: BigUint64Array, key: bigint): number {
  let slot = Number(key % BigInt(table.length));
  while (table[slot] !== 0n && table[slot] !== key) slot = (slot + 1) % table.length;
  return slot;
}
