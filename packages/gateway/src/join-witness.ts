import { readFileSync } from 'node:fs';
import {
  AGENT_AND_INDEPENDENT,
  AGENTS_ALONE,
  type AnchorSettings,
  type Audit,
  type ForwardTarget,
  type OutboundSettings,
  readPolicy,
  type WitnessSettings,
} from './audit/index.ts';
import type { Settings } from './config/index.ts';
import type { Logger } from './telemetry/index.ts';
import type { Tunnel } from './tunnel/index.ts';

/** How long an agent may take to countersign: its disk must have the checkpoint before it answers. */
const AGENT_ANSWER_MAX_MS = 5_000;

/**
 * Who countersigns the log, from the operator's settings and never from documents: an administrator of the console
 * must not be able to enrol a witness. @throws AuditError `invalid` that names the line of the policy.
 */
export function witnessSettings(settings: Settings): WitnessSettings {
  const { witnessPolicyFile, witnessAgeMaxMinutes } = settings;
  const builtIn = settings.quickstart ? AGENTS_ALONE : AGENT_AND_INDEPENDENT;
  return {
    policy:
      witnessPolicyFile === undefined
        ? builtIn
        : readPolicy(readFileSync(witnessPolicyFile, 'utf8'), witnessPolicyFile),
    ...(witnessAgeMaxMinutes === undefined ? {} : { maxAgeMs: witnessAgeMaxMinutes * 60_000 }),
    refuses: settings.witnessRefusesCalls ?? false,
    outbound: outboundOf(settings),
  };
}

/** Where checkpoints are anchored. */
export function anchorSettings(settings: Settings): AnchorSettings {
  const { anchors, anchorEveryMinutes, anchorAgeMaxMinutes, anchorRefusesCalls } = settings;
  return {
    anchors: anchors ?? [],
    ...(anchorEveryMinutes === undefined ? {} : { everyMs: anchorEveryMinutes * 60_000 }),
    ...(anchorAgeMaxMinutes === undefined ? {} : { maxAgeMs: anchorAgeMaxMinutes * 60_000 }),
    refuses: anchorRefusesCalls ?? false,
    outbound: outboundOf(settings),
  };
}

/** Receivers that every entry is handed to. */
export function forwardTargets({ forwardTo }: Settings): ForwardTarget[] {
  const read = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : readFileSync(file, 'utf8');
  return (forwardTo ?? []).map(({ host, port, format, caFile, certFile, keyFile }) => {
    const [ca, cert, key] = [read(caFile), read(certFile), read(keyFile)];
    return {
      host,
      port,
      format,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    };
  });
}

function outboundOf({ outboundPrivateHosts, outboundCaFile }: Settings): OutboundSettings {
  return {
    privateHosts: outboundPrivateHosts ?? [],
    ...(outboundCaFile === undefined ? {} : { ca: readFileSync(outboundCaFile, 'utf8') }),
  };
}

/** Who signs the log: the gateway itself, or a process of its own. */
export function signerSettings({ signerSocket, signerGraceMinutes }: Settings): {
  readonly socket?: string;
  readonly graceMs?: number;
} {
  return {
    ...(signerSocket === undefined ? {} : { socket: signerSocket }),
    ...(signerGraceMinutes === undefined ? {} : { graceMs: signerGraceMinutes * 60_000 }),
  };
}

/** An agent that attaches becomes a witness of the log, by its tunnel. */
export function joinAgentWitness(
  { agent, witnessKey }: { readonly agent: string; readonly witnessKey: string },
  given: { readonly audit: Audit; readonly logger: Logger; readonly tunnel: () => Tunnel | undefined },
): void {
  const { audit, logger, tunnel } = given;
  const ask = async (request: string) => {
    const logKeys = audit.signing()?.keys ?? [];
    return await tunnel()?.witness(agent, { request, logKeys }, AGENT_ANSWER_MAX_MS);
  };
  audit.witnesses?.agentAttached(agent, witnessKey, ask).catch((thrown: unknown) =>
    logger.error('an agent did not become a witness: its key could not be recorded', {
      agent,
      error: String(thrown),
    }),
  );
}

/** For /metrics. */
export function witnessReadings(audit: Audit): { witnessAgeSeconds(): number; witnessConflicts(): number } {
  return {
    witnessAgeSeconds: () => audit.witnesses?.state().ageSeconds ?? 0,
    witnessConflicts: () =>
      audit.witnesses?.state().witnesses.filter(({ conflict }) => conflict !== undefined).length ?? 0,
  };
}
