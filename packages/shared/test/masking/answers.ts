import {
  compilePlan,
  type Finding,
  type MaskingPlan,
  type MaskResult,
  maskMessage,
} from '../../src/masking/index.ts';

/** What tests share: messages from bodies, and masking of text. */
export const everything = compilePlan({ profiles: ['everything'] });

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function mask(message: unknown, plan: MaskingPlan = everything): MaskResult {
  return maskMessage(encoder.encode(typeof message === 'string' ? message : JSON.stringify(message)), plan);
}

/** The masked message as text. */
export function masked(message: unknown, plan: MaskingPlan = everything): string {
  const result = mask(message, plan);
  if (result.refused !== undefined) throw new Error(`refused: ${result.refused.reason}`);
  return decoder.decode(result.masked);
}

export function answer(result: object): object {
  return { jsonrpc: '2.0', id: 1, result };
}

export function textAnswer(...texts: string[]): object {
  return answer({ content: texts.map((text) => ({ type: 'text', text })) });
}

/** The text that a text block with `text` becomes. */
export function maskText(text: string, plan: MaskingPlan = everything): string {
  return maskTexts([text], plan)[0] ?? '';
}

export function maskTexts(texts: string[], plan: MaskingPlan = everything): string[] {
  const message = JSON.parse(masked(textAnswer(...texts), plan)) as {
    result: { content: { text: string }[] };
  };
  return message.result.content.map((block) => block.text);
}

export function total(findings: readonly Finding[]): number {
  return findings.reduce((sum, finding) => sum + finding.count, 0);
}
