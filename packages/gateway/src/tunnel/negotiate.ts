/** A range of protocol versions, both inclusive. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/**
 * The newest version both ends speak, or words for the agent's operator that name both ranges and which end to
 * upgrade.
 */
export function negotiateProtocol(
  agent: VersionRange & { readonly program: string },
  gateway: VersionRange & { readonly program: string },
): { version: number } | { refusal: string } {
  const version = Math.min(agent.max, gateway.max);
  if (version >= agent.min && version >= gateway.min && agent.min >= 1) return { version };
  const said =
    `The agent (version ${agent.program}) speaks tunnel protocol ${range(agent)}, ` +
    `the gateway (version ${gateway.program}) ${range(gateway)}: there is none in common.`;
  if (agent.min > agent.max || agent.min < 1) return { refusal: `${said} The agent's range is not valid.` };
  return {
    refusal:
      agent.max < gateway.min
        ? `${said} Upgrade the agent.`
        : `${said} Upgrade the gateway, or install an older agent.`,
  };
}

function range({ min, max }: VersionRange): string {
  return min === max ? `${min}` : `${min} to ${max}`;
}
