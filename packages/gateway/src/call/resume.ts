import {
  find,
  findPath,
  type Message,
  RPC,
  readMessage,
  stringAt,
  text,
  valueAt,
} from '@sallyport/shared/jsonrpc';
import type { Approval } from '../approval/index.ts';
import { Ending } from './ending.ts';
import type { Rooms } from './rooms.ts';

/** What a client of 2026-07-28 brings back of an approval it was told to wait for. */
export interface Resume {
  readonly approval: string;
  readonly nonce: string;
  readonly digest: string;
  /** The person at the client does not want it any more. */
  readonly declined: boolean;
}

/** Begins a `requestState` of ours; whatever else a client brings is its server's. */
const PREFIX = 'sallyport-approval.';
/** Key of our one input request. */
const INPUT = 'sallyport-approval';
const SEAL_NAME = 'approval-resume';

/**
 * Takes what is the gateway's own out of a request: state and answer never reach the server, and the call is the same
 * call as before. The state gives no right by itself: consent is looked up by principal and digest.
 *
 * @throws Ending -32602 for a state that this gateway did not seal, or that ran out
 */
export function openResume(
  rooms: Pick<Rooms, 'sealer' | 'clock'>,
  message: Message,
): { message: Message; resume?: Resume } {
  const span = find(message.params?.members, 'requestState');
  const state = span === undefined ? undefined : stringAt(message.raw, span);
  if (state === undefined || !state.startsWith(PREFIX)) return { message };
  const opened = unseal(rooms, state.slice(PREFIX.length));
  if (opened === undefined || opened.until <= rooms.clock.now()) {
    throw invalid('requestState is not valid any more. Send the call again without it.');
  }
  const { until: _until, ...rest } = opened;
  return { message: without(message), resume: { ...rest, declined: declinedBy(message) } };
}

/** The result that sends a client's user to the approval, and the client back with the state. */
export function inputRequired(
  rooms: Pick<Rooms, 'sealer' | 'publicUrl'>,
  approval: Approval,
  nonce: string,
): Record<string, unknown> {
  const sealed = rooms.sealer.seal(
    SEAL_NAME,
    Buffer.from(
      JSON.stringify({
        approval: approval.id,
        nonce,
        digest: approval.digest,
        until: Date.parse(approval.expiresAt),
      }),
    ),
  );
  return {
    resultType: 'input_required',
    inputRequests: {
      [INPUT]: {
        method: 'elicitation/create',
        params: {
          mode: 'url',
          elicitationId: approval.id,
          url: `${rooms.publicUrl}/approvals/${approval.id}`,
          message: `This call waits for approval ${approval.id} (${approval.flows.join(', ')}). Nothing was sent. Go on once somebody has approved it; until ${approval.expiresAt} at the latest.`,
        },
      },
    },
    requestState: PREFIX + sealed.toString('base64url'),
  };
}

/** Whether the client said that it can send its user to a URL, and this is no round of its server's own. */
export function canSendToUrl(message: Message): boolean {
  const members = message.params?.members;
  if (find(members, 'requestState') !== undefined || find(members, 'inputResponses') !== undefined)
    return false;
  const span = findPath(message.params, '_meta', 'io.modelcontextprotocol/clientCapabilities');
  const capabilities = span === undefined ? undefined : valueAt(message.raw, span);
  if (typeof capabilities !== 'object' || capabilities === null || !('elicitation' in capabilities))
    return false;
  const { elicitation } = capabilities;
  return typeof elicitation === 'object' && elicitation !== null && 'url' in elicitation;
}

function unseal(
  { sealer }: Pick<Rooms, 'sealer'>,
  text: string,
): (Omit<Resume, 'declined'> & { until: number }) | undefined {
  try {
    const plain = sealer.unseal(SEAL_NAME, Buffer.from(text, 'base64url'));
    // Cast: what opens under this name was sealed above.
    return JSON.parse(plain.toString('utf8')) as Omit<Resume, 'declined'> & { until: number };
  } catch {
    return undefined;
  }
}

function declinedBy(message: Message): boolean {
  const span = find(message.params?.members, 'inputResponses');
  const responses = span === undefined ? undefined : valueAt(message.raw, span);
  if (typeof responses !== 'object' || responses === null || !(INPUT in responses)) return false;
  const answer = (responses as Record<string, unknown>)[INPUT]; // cast: it has just been seen to have it
  const action =
    typeof answer === 'object' && answer !== null && 'action' in answer ? answer.action : undefined;
  return action === 'decline' || action === 'cancel';
}

/** The request as it was before we asked for input. */
function without(message: Message): Message {
  const { params, raw } = message;
  if (params === undefined) return message;
  const kept = (params.members ?? [])
    .filter(({ key }) => key !== 'requestState' && key !== 'inputResponses')
    .map((member) => `${JSON.stringify(member.key)}:${text(raw, member)}`);
  return readMessage(
    Buffer.concat([
      raw.subarray(0, params.start),
      Buffer.from(`{${kept.join(',')}}`),
      raw.subarray(params.end),
    ]),
  );
}

function invalid(message: string): Ending {
  return new Ending('malformed', message, {
    status: 400,
    rpcCode: RPC.invalidParams,
    data: { reason: 'approval_state' },
  });
}

/** The same state a second time. */
export function usedResume(): Ending {
  return invalid('This requestState was used already. Send the call again without it.');
}
