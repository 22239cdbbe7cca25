import type { Members } from '../reads.ts';
import type { ReaderName } from './cedar-types.ts';
import type { RiskFacts } from './readings.ts';

/**
 * Facts of risk as Cedar values in JSON form. Members that no policy reads are left out: what the engine is given costs
 * more than what it evaluates. Only decimals have a form of their own.
 */
export function cedarRisk(
  facts: RiskFacts,
  read: ReadonlyMap<ReaderName, Members>,
): Record<string, Record<string, unknown>> {
  const given: Record<string, Record<string, unknown>> = {};
  for (const [reader, members] of read) {
    const fact = facts[reader];
    if (fact === undefined) continue;
    const entries = Object.entries(reader === 'amount' ? amountForm(facts.amount) : fact);
    given[reader] = Object.fromEntries(
      members === 'all' ? entries : entries.filter(([name]) => members.has(name)),
    );
  }
  return given;
}

function amountForm(amount: RiskFacts['amount']): object {
  return amount === undefined
    ? {}
    : { ...amount, total: decimal(amount.total), largest: decimal(amount.largest) };
}

function decimal(text: string): unknown {
  return { __extn: { fn: 'decimal', arg: text } };
}
