import {
  addCheckpointText,
  checkpointText,
  consistencyProof,
  Frontier,
  leafHash,
  newSeed,
  SIGNATURE_TYPE,
  type SigningKey,
  signingKey,
  signNote,
  verifierKeyText,
} from '@sallyport/shared/merkle';

/** A log whose key and history are the test's: also one that lies. */
export class TestLog {
  readonly key: SigningKey;
  readonly leaves: Buffer[];

  constructor(origin: string, leaves: readonly string[] = [], seed: Uint8Array = newSeed()) {
    this.key = signingKey(origin, seed, SIGNATURE_TYPE.ed25519);
    this.leaves = leaves.map((leaf) => leafHash(Buffer.from(leaf)));
  }

  get keyText(): string {
    return verifierKeyText(this.key);
  }

  /** Grows to a size. */
  grow(size: number, what = 'entry'): this {
    while (this.leaves.length < size)
      this.leaves.push(leafHash(Buffer.from(`${what} ${this.leaves.length}`)));
    return this;
  }

  /** The same history up to a size, with the same key. */
  fork(size: number): TestLog {
    const forked = new TestLog(this.key.name);
    Object.assign(forked, { key: this.key });
    forked.leaves.push(...this.leaves.slice(0, size));
    return forked;
  }

  root(size: number): Buffer {
    const tree = new Frontier();
    for (const leaf of this.leaves.slice(0, size)) tree.append(leaf);
    return tree.root();
  }

  note(size = this.leaves.length, key = this.key): string {
    return signNote(
      checkpointText({ origin: this.key.name, size, root: this.root(size) }),
      [key],
      1_800_000_000,
    );
  }

  async request(oldSize: number, size = this.leaves.length): Promise<string> {
    const proof = oldSize === 0 || oldSize >= size ? [] : await this.proof(oldSize, size);
    return addCheckpointText({ oldSize, proof, note: this.note(size) });
  }

  proof(oldSize: number, size: number): Promise<Buffer[]> {
    return consistencyProof(oldSize, size, async (level, index) => {
      const tree = new Frontier();
      for (const leaf of this.leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)) tree.append(leaf);
      return tree.root();
    });
  }
}
