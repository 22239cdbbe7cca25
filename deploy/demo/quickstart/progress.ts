/** What the quick start tells people: one line per step, with its time. */
export class Progress {
  readonly #out: NodeJS.WriteStream;
  readonly #startedMs = performance.now();
  #open: string | undefined;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  /** Runs a step and says how long it took. What it returns as text stands behind the time. */
  async step(
    title: string,
    work: (note: (text: string) => void) => Promise<string | undefined>,
  ): Promise<void> {
    const startedMs = performance.now();
    const show = (text: string): void => this.#transient(`  … ${title}${text === '' ? '' : `: ${text}`}`);
    show('');
    // Without a terminal nothing can be overwritten, so a long step says now and then that it is alive.
    const alive = setInterval(() => this.#still(title, performance.now() - startedMs), 10_000);
    try {
      const note = await work(show);
      this.line(
        `  ✓ ${title.padEnd(22)} ${seconds(performance.now() - startedMs)}${note ? `  ${note}` : ''}`,
      );
    } catch (error) {
      this.line(`  ✗ ${title.padEnd(22)} ${seconds(performance.now() - startedMs)}`);
      throw error;
    } finally {
      clearInterval(alive);
    }
  }

  /** Seconds since the start, as people read them. */
  elapsed(): string {
    return seconds(performance.now() - this.#startedMs).trim();
  }

  line(text: string): void {
    this.#clear();
    this.#out.write(`${text}\n`);
  }

  #transient(text: string): void {
    if (!this.#out.isTTY) return;
    this.#clear();
    this.#open = text.slice(0, Math.max(20, (this.#out.columns ?? 80) - 1));
    this.#out.write(this.#open);
  }

  #still(title: string, elapsedMs: number): void {
    if (this.#out.isTTY) this.#transient(`  … ${title} (${seconds(elapsedMs).trim()})`);
    else this.#out.write(`  … ${title}: working for ${seconds(elapsedMs).trim()}\n`);
  }

  #clear(): void {
    if (this.#open !== undefined) this.#out.write(`\r\u001b[2K`);
    this.#open = undefined;
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(5)} s`;
}
