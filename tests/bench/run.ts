/**
 * `pnpm bench [--quick] [--only direct,mcp-proxy,…] [--profile gateway|agent [--at 16]] [--sessions one|each]
 * [--json] [--no-write]`: what governing
 * costs, beside the same echo server reached directly, through two peers, and through a relay that governs nothing.
 */
import { parseArgs } from 'node:util';
import { CONCURRENCIES, FULL, QUICK, SESSIONS } from './limits.ts';
import { startLoadDriver } from './load-driver.ts';
import { describeMachine } from './machine.ts';
import { PARTIES, type Party, type PartyName, startParty } from './parties.ts';
import { profileSallyport } from './profile.ts';
import { renderMarkdown, writeReport } from './report.ts';
import { type RoundPlan, runRounds } from './rounds.ts';

interface Options {
  readonly names: readonly PartyName[];
  readonly plan: RoundPlan;
  readonly profile: 'gateway' | 'agent' | undefined;
  /** Concurrent calls while profiling. */
  readonly profileAt: number;
  readonly json: boolean;
  readonly write: boolean;
}

async function main(): Promise<void> {
  const options = readOptions();
  // With --json, stdout is for the script that reads it.
  const say = (line: string) => (options.json ? process.stderr : process.stdout).write(`${line}\n`);
  if (options.profile !== undefined) {
    say(await profileSallyport(options.profile, options.profileAt, options.plan));
    return;
  }
  const load = startLoadDriver();
  const parties: Party[] = [];
  try {
    for (const name of options.names) {
      say(`${name}: starting`);
      parties.push(await startParty(name));
    }
    const result = await runRounds(parties, load, options.plan, say);
    const machine = describeMachine();
    if (options.json) process.stdout.write(`${JSON.stringify({ machine, ...result }, null, 2)}\n`);
    else say(`\n${renderMarkdown(result, machine, options.plan)}`);
    if (options.write) writeReport(result, machine, options.plan);
  } finally {
    load.stop();
    await Promise.all(parties.map((party) => party.stop()));
  }
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      profile: { type: 'string' },
      at: { type: 'string', default: '16' },
      sessions: { type: 'string', default: 'one' },
      json: { type: 'boolean', default: false },
      'no-write': { type: 'boolean', default: false },
    },
  });
  const only = values.only?.split(',');
  const names = PARTIES.filter((name) => only === undefined || only.includes(name));
  if (names.length !== (only?.length ?? PARTIES.length))
    throw new Error(`--only takes ${PARTIES.join(', ')}`);
  const { profile, sessions } = values;
  if (sessions !== 'one' && sessions !== 'each')
    throw new Error(`--sessions takes ${Object.keys(SESSIONS).join(' or ')}`);
  if (profile !== undefined && profile !== 'gateway' && profile !== 'agent') {
    throw new Error('--profile takes gateway or agent');
  }
  const profileAt = Number(values.at);
  if (!(CONCURRENCIES as readonly number[]).includes(profileAt))
    throw new Error(`--at takes ${CONCURRENCIES.join(', ')}`);
  return {
    names,
    plan: { ...(values.quick ? QUICK : FULL), sessions },
    profile,
    profileAt,
    json: values.json,
    // The document holds figures of whole runs of everybody.
    write: !values.quick && !values['no-write'] && names.length === PARTIES.length,
  };
}

await main().catch((cause: unknown) => {
  process.stderr.write(`bench: ${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
});
