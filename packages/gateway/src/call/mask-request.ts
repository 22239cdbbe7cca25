import { type Message, readMessage } from '@sallyport/shared/jsonrpc';
import { type MaskAbout, MaskingRefusal } from '../masking/index.ts';
import { Ending, REFUSAL } from './ending.ts';
import { type LocatedFinding, located } from './findings.ts';
import { decodeHeader } from './headers.ts';
import type { Rooms } from './rooms.ts';

/**
 * The message as it may go to the server: where a rule says so, without what this server must not see. It comes first,
 * so that what is decided on, held, recorded and sent are the same bytes.
 *
 * @throws Ending where a rule refuses it, or it can't be masked: nothing is sent
 */
export function maskRequest(
  rooms: Pick<Rooms, 'masking'>,
  message: Message,
  about: MaskAbout,
  headers: Readonly<Record<string, string>>,
): { message: Message; findings: readonly LocatedFinding[] } {
  try {
    for (const [name, value] of Object.entries(headers)) checkHeader(rooms, name, value, about);
    const masked = rooms.masking.toServer(message, about);
    const { raw } = masked;
    const findings = located(masked.findings, 'gateway');
    return raw === message.raw ? { message, findings } : { message: readMessage(raw), findings };
  } catch (thrown) {
    if (thrown instanceof Ending) throw thrown;
    const known = thrown instanceof MaskingRefusal ? thrown : undefined;
    throw refused(known?.message ?? 'it could not be masked', known, thrown);
  }
}

/** A header that repeats an argument is sent as it is, so nothing that would be masked may stand in it. */
function checkHeader(rooms: Pick<Rooms, 'masking'>, name: string, value: string, about: MaskAbout): void {
  const argument = { [name.replace(/^mcp-param-/, '')]: decodeHeader(value) ?? value };
  const text = JSON.stringify({ jsonrpc: '2.0', method: about.method, params: { arguments: argument } });
  const { findings } = rooms.masking.toServer(readMessage(Buffer.from(text)), about);
  const rule = findings[0]?.rule;
  if (rule !== undefined) throw refused(`rule "${rule}" would mask a value that also stands in a header`);
}

function refused(why: string, refusal?: MaskingRefusal, cause?: unknown): Ending {
  return new Ending(
    'masking_refused',
    `Not sent: the message holds what this server must not be given, or can't be masked: ${why}. Take it out and try again.`,
    {
      status: 200,
      rpcCode: REFUSAL.denied,
      data: {
        reason: 'masking_refused',
        outcome: 'not_sent',
        ...(refusal === undefined ? {} : { masking: refusal.code }),
        ...(refusal?.rule === undefined ? {} : { rule: refusal.rule }),
      },
    },
    { cause, detail: why },
  );
}
