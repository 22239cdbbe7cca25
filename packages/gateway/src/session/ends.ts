import type { GatewayFrame, MaskingFinding__Output } from '@sallyport/proto';
import { FRAME_PAYLOAD_MAX_BYTES } from '@sallyport/shared/limits';
import type { AgentScope, AtAgent, ExchangeEnd } from './types.ts';

/** The end of an exchange whose message had left, or may have, when its channel or its time ended. */
export function lost(error: string, detail: string): ExchangeEnd {
  return { delivery: 'unknown', error, detail, httpStatus: 0, errorBody: undefined };
}

/** The wire's bytes arrive as Buffers already; the generated type only says Uint8Array or text. */
export function asBuffer(bytes: Buffer | Uint8Array | string): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : Buffer.from(bytes);
}

/** What the agent said of a message's masking. Its words go into entries, so they are bounded here. */
export function atAgent(frame: {
  readonly findings: readonly Pick<MaskingFinding__Output, keyof AtAgent['findings'][number]>[];
  readonly rulesVersion: number;
  readonly withheld: string;
}): AtAgent {
  const { rulesVersion, withheld } = frame;
  const findings = frame.findings
    .slice(0, FINDINGS_MAX)
    .map(({ rule, detector, entity, carrier, count }) => ({
      rule: bounded(rule),
      detector: bounded(detector),
      entity: bounded(entity),
      carrier: bounded(carrier),
      count,
    }));
  return { findings, rulesVersion, withheld: bounded(withheld) };
}

/** Kinds of findings of one message: rules × carriers; more is not from an agent of ours. */
const FINDINGS_MAX = 256;

function bounded(text: string): string {
  return text.slice(0, 100).toWellFormed();
}

/** A message to the server as frames. The parts of one message stay together. */
export function* framesOf(
  out: {
    readonly raw: Buffer;
    readonly callId: string;
    readonly expectsAnswer: boolean;
    readonly headers: Readonly<Record<string, string>>;
    readonly scope?: AgentScope;
  },
  exchange: number,
): Generator<GatewayFrame> {
  const { raw, callId, expectsAnswer, headers, scope } = out;
  for (let at = 0; at === 0 || at < raw.length; at += FRAME_PAYLOAD_MAX_BYTES) {
    const last = at + FRAME_PAYLOAD_MAX_BYTES >= raw.length;
    const payload = at === 0 && last ? raw : raw.subarray(at, at + FRAME_PAYLOAD_MAX_BYTES);
    const masking =
      at === 0 && scope !== undefined ? { masking: { ...scope, groups: [...scope.groups] } } : {};
    const first = at === 0 ? headers : {};
    yield { toServer: { exchange, callId, payload, last, expectsAnswer, headers: first, ...masking } };
  }
}
