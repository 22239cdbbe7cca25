/** The first thing in an export that is not proven. */
export class Unproven extends Error {
  override readonly name = 'Unproven';
  /** In the export's folder. */
  readonly file: string;
  /** Of the entry, where it is one. */
  readonly seq: number | undefined;

  constructor(file: string, problem: string, seq?: number) {
    super(problem);
    this.file = file;
    this.seq = seq;
  }

  /** One line that names file and entry. */
  get line(): string {
    return `${this.file}: ${this.seq === undefined ? '' : `entry ${this.seq}: `}${this.message}`;
  }
}
