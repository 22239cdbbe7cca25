/** Counts open sessions against the bounds of agent.yaml. */
export interface SessionSlots {
  /** Takes a place for a session of the server; words that say which bound is reached where there is none. */
  take(server: string, serverMax: number, totalMax: number): string | undefined;
  give(server: string): void;
  readonly taken: number;
}

export function openSessionSlots(): SessionSlots {
  const perServer = new Map<string, number>();
  let total = 0;
  return {
    take: (server, serverMax, totalMax) => {
      const open = perServer.get(server) ?? 0;
      if (total >= totalMax)
        return `the agent already has ${total} sessions open, as many as agent.yaml allows`;
      if (open >= serverMax)
        return `${server} already has ${open} sessions open, as many as agent.yaml allows`;
      perServer.set(server, open + 1);
      total += 1;
      return undefined;
    },
    give: (server) => {
      const open = perServer.get(server) ?? 0;
      if (open === 0) return;
      total -= 1;
      if (open === 1) perServer.delete(server);
      else perServer.set(server, open - 1);
    },
    get taken() {
      return total;
    },
  };
}
