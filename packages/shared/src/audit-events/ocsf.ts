/** What is read of an entry's leaf; whatever else it says goes along unread in `unmapped`. */
export interface Leaf {
  readonly seq: number;
  readonly ts: string;
  readonly kind: string;
  readonly id: string;
  readonly origin: string;
  readonly actor?: { readonly kind: string; readonly name: string; readonly token?: string };
  readonly session?: string;
  readonly call?: string;
  readonly server?: string;
  readonly tool?: string;
  readonly method?: string;
  readonly decision?: { readonly effect: string; readonly reasons: readonly string[] };
  readonly outcome?: { readonly transport: string; readonly rpc?: string; readonly tool?: string };
  readonly duration?: number;
  readonly source?: { readonly ip?: string; readonly client?: string };
}

const API_ACTIVITY = 6003;
const OTHER = 99;
const VERSION = '1.5.0';

/**
 * An entry as an event of OCSF's class API Activity (6003), with every attribute that the class requires. It is for
 * watching, not for proof: the proof is over the leaf, whose seq and id it names.
 */
export function ocsfEvent(leaf: Leaf, leafHash: string): Readonly<Record<string, unknown>> {
  const { actor, source, server, tool, method, decision, session, call } = leaf;
  const who = actor?.name ?? 'sallyport';
  const severity = isRefusal(leaf) ? 3 : 1;
  return {
    class_uid: API_ACTIVITY,
    class_name: 'API Activity',
    category_uid: 6,
    category_name: 'Application Activity',
    // MCP's methods are no create, read, update or delete that could be told without knowing the tool.
    activity_id: OTHER,
    activity_name: leaf.kind,
    type_uid: 100 * API_ACTIVITY + OTHER,
    type_name: `API Activity: ${leaf.kind}`,
    time: Date.parse(leaf.ts),
    severity_id: severity,
    severity: severity === 1 ? 'Informational' : 'Medium',
    ...statusOf(leaf),
    ...(leaf.duration === undefined ? {} : { duration: leaf.duration }),
    metadata: {
      version: VERSION,
      product: { name: 'Sallyport', vendor_name: 'Sallyport' },
      log_name: leaf.origin,
      uid: leaf.id,
      sequence: leaf.seq,
      ...(call === undefined ? {} : { correlation_uid: call }),
    },
    actor: {
      user: {
        name: who,
        type_id: actor?.kind === 'user' ? 1 : actor?.kind === 'anonymous' ? 0 : 3,
        ...(actor?.token === undefined ? {} : { credential_uid: actor.token }),
      },
      ...(session === undefined ? {} : { session: { uid: session } }),
    },
    api: {
      operation: method ?? leaf.kind,
      ...(server === undefined ? {} : { service: { name: server } }),
      ...(call === undefined ? {} : { request: { uid: call } }),
    },
    // The class asks for a source; what the gateway does of itself comes from itself.
    src_endpoint: source?.ip === undefined ? { name: source?.client ?? leaf.origin } : { ip: source.ip },
    ...(tool === undefined ? {} : { resources: [{ name: tool, type: 'MCP tool' }] }),
    ...(decision === undefined ? {} : { status_detail: decision.reasons.join(', ') }),
    unmapped: { leaf_hash: leafHash, entry: leaf },
  };
}

/** Success, failure, or that it is not known: an answer that was never seen did not fail. */
function statusOf(leaf: Leaf): { status_id: number; status: string } {
  const { outcome, kind } = leaf;
  if (isRefusal(leaf)) return { status_id: 2, status: 'Failure' };
  if (kind === 'call.indeterminate' || outcome?.transport === 'unknown')
    return { status_id: 0, status: 'Unknown' };
  if (outcome === undefined) return { status_id: 1, status: 'Success' };
  const good = outcome.transport === 'answered' && outcome.rpc !== 'error' && outcome.tool !== 'error';
  return good ? { status_id: 1, status: 'Success' } : { status_id: 2, status: 'Failure' };
}

/** Whether the entry says that something was refused. */
export function isRefusal({ kind, decision }: Leaf): boolean {
  return kind === 'auth.failure' || decision?.effect === 'deny';
}
