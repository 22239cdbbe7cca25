/** Which sessions are working under which grant right now. */
export class Running {
  readonly #sessions = new Map<string, Map<string, number>>();

  begin(grant: string, session: string): { release(): void } {
    const sessions = this.#sessions.get(grant) ?? new Map<string, number>();
    this.#sessions.set(grant, sessions);
    sessions.set(session, (sessions.get(session) ?? 0) + 1);
    let released = false;
    return {
      release: () => {
        if (released) return;
        released = true;
        const left = (sessions.get(session) ?? 1) - 1;
        if (left > 0) sessions.set(session, left);
        else sessions.delete(session);
        if (sessions.size === 0) this.#sessions.delete(grant);
      },
    };
  }

  of(grant: string): string[] {
    return [...(this.#sessions.get(grant)?.keys() ?? [])];
  }
}
