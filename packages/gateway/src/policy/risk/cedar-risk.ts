import type { RiskFacts } from './readings.ts';

/** Facts of risk as Cedar values in JSON form. Only decimals have a form of their own. */
export function cedarRisk(facts: RiskFacts): Record<string, unknown> {
  const { amount, ...rest } = facts;
  if (amount === undefined) return rest;
  const { total, largest } = amount;
  return { ...rest, amount: { ...amount, total: decimal(total), largest: decimal(largest) } };
}

function decimal(text: string): unknown {
  return { __extn: { fn: 'decimal', arg: text } };
}
