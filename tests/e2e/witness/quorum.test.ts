import { rm } from 'node:fs/promises';
import {
  newSeed,
  parseCheckpoint,
  parseNote,
  SIGNATURE_TYPE,
  signatureLine,
  signingKey,
  verifierKeyText,
} from '@sallyport/shared/merkle';
import { afterEach, expect, test } from 'vitest';
import {
  AGENT_AND_INDEPENDENT,
  readPolicy,
  type WitnessSettings,
} from '../../../packages/gateway/src/audit/index.ts';
import { freshDatabase, intent, ownerClient, storeOn } from '../../../packages/gateway/test/audit/fixture.ts';
import { signedAudit, signerFolder } from '../../../packages/gateway/test/audit/signed.ts';
import { agentWitness, scratch, startImpostor, startWitness, until } from './setup.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function folder(): string {
  const { path, remove } = scratch();
  undo.push(remove);
  return path;
}

const settings = (policy: string, port: number, more: Partial<WitnessSettings> = {}): WitnessSettings => ({
  policy: readPolicy(policy, 'the policy'),
  refuses: false,
  outbound: { privateHosts: [`127.0.0.1:${port}`] },
  ...more,
});

async function fixture() {
  const url = await freshDatabase();
  return { url, store: await storeOn(url), signer: await signerFolder() };
}

test('an agent and an independent witness over HTTP make the quorum; alone neither does', async () => {
  const { url, store, signer } = await fixture();
  const state = folder();
  // The log's key is known before its witness is: as an operator does it, the log is started once without.
  const first = await signedAudit(store, signer);
  const logKeys = first.signing()?.keys ?? [];
  await first.close();
  const witness = await startWitness(state, logKeys);
  undo.push(() => witness.stop());
  const policy = `witness bank ${witness.key} http://127.0.0.1:${witness.port}\nagents agents\ngroup both all agents bank\nquorum both\n`;
  const audit = await signedAudit(store, signer, { witnessing: settings(policy, witness.port) });
  await audit.record(intent('cal_1'));
  await until(() => audit.witnesses?.state().witnesses[0]?.last !== undefined);
  expect(audit.witnesses?.state()).toMatchObject({ demands: '2 of (one agent, bank)' });
  expect(audit.witnesses?.state().checkpoint).toBeUndefined();
  const agent = await agentWitness(folder(), () => audit.signing()?.keys ?? []);
  await audit.witnesses?.agentAttached('branch', agent.key, agent.ask);
  await until(() => audit.witnesses?.state().checkpoint !== undefined);
  const checkpoint = await audit.makeCheckpoint();
  await audit.witnesses?.settled(checkpoint);
  const cosigned = (await audit.witnesses?.cosigned(checkpoint)) ?? '';
  expect(
    parseNote(cosigned)
      .signatures.map(({ name }) => name)
      .sort(),
  ).toEqual(['sallyport-agent/branch', 'test/log/0', 'test/log/0', 'witness.test'].sort());
  await audit.close();
  // Evidence and cosignatures are append-only, too.
  const owner = await ownerClient(url);
  await expect(owner.query('DELETE FROM audit_cosignatures')).rejects.toThrow(/append-only/);
});

test('without a configured witness the default can not be met, and where it is so configured calls are refused', async () => {
  const { store, signer } = await fixture();
  const witnessing = {
    policy: AGENT_AND_INDEPENDENT,
    refuses: true,
    maxAgeMs: 700,
    outbound: { privateHosts: [] },
  };
  const audit = await signedAudit(store, signer, { witnessing });
  await audit.record(intent('cal_within_age'));
  const agent = await agentWitness(folder(), () => audit.signing()?.keys ?? []);
  await audit.witnesses?.agentAttached('branch', agent.key, agent.ask);
  expect(audit.witnesses?.state()).toMatchObject({
    warning: expect.stringContaining('no independent witness'),
  });
  await until(() => !audit.healthy());
  await expect(audit.record(intent('cal_late'))).rejects.toMatchObject({
    code: 'unavailable',
    detail: expect.stringContaining('no quorum of witnesses'),
  });
});

test('a witness that is away is shown and alarmed; calls go on where it is so configured, and it is taken up again', async () => {
  const { store, signer } = await fixture();
  const first = await signedAudit(store, signer);
  const logKeys = first.signing()?.keys ?? [];
  await first.close();
  const state = folder();
  const before = await startWitness(state, logKeys);
  await before.stop();
  const policy = `witness bank ${before.key} http://127.0.0.1:${before.port}\nquorum bank\n`;
  const audit = await signedAudit(store, signer, {
    witnessing: settings(policy, before.port, { maxAgeMs: 500 }),
  });
  await until(() => audit.witnesses?.state().witnesses[0]?.problem !== undefined);
  await until(() => audit.witnesses?.state().met === false);
  await audit.record(intent('cal_1'));
  const again = await startWitness(state, logKeys, before.port);
  undo.push(() => again.stop());
  const checkpoint = await audit.makeCheckpoint();
  await audit.witnesses?.settled(checkpoint);
  expect(audit.witnesses?.state().witnesses[0]?.last?.size).toBeGreaterThanOrEqual(checkpoint.size);
});

const other = signingKey('witness.test', newSeed(), SIGNATURE_TYPE.cosignature);
const lies: Record<string, { says: RegExp; answer: (body: string) => { status: number; text: string } }> = {
  'a cosignature by another key': {
    says: /without a cosignature by its key/,
    answer: (body) => ({
      status: 200,
      text: signatureLine(parseNote(body.slice(body.indexOf('\n\n') + 2)).text, other, 1_800_000_000),
    }),
  },
  'no cosignature': { says: /without a cosignature by its key/, answer: () => ({ status: 200, text: '' }) },
  'no text of a note': {
    says: /without a cosignature by its key/,
    answer: () => ({ status: 200, text: 'yes\n' }),
  },
  'a redirect': { says: /answered 302/, answer: () => ({ status: 302, text: '' }) },
  'a size that is none': { says: /409 without a size/, answer: () => ({ status: 409, text: 'many' }) },
  'too much': { says: /more than 262144 bytes/, answer: () => ({ status: 200, text: 'x'.repeat(300_000) }) },
  'that it does not know the log': { says: /answered 404/, answer: () => ({ status: 404, text: 'no' }) },
};
for (const [what, { says, answer }] of Object.entries(lies)) {
  test(`a witness that answers ${what} does not count, and its problem is shown`, async () => {
    const { store, signer } = await fixture();
    const impostor = await startImpostor((body, response) => {
      const { status, text } = answer(body);
      response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:1/' } : {}).end(text);
    });
    undo.push(impostor.stop);
    const key = verifierKeyText(signingKey('witness.test', newSeed(), SIGNATURE_TYPE.cosignature));
    const policy = `witness bank ${key} http://127.0.0.1:${impostor.port}\nquorum bank\n`;
    const audit = await signedAudit(store, signer, { witnessing: settings(policy, impostor.port) });
    await until(() => audit.witnesses?.state().witnesses[0]?.problem !== undefined);
    expect(audit.witnesses?.state().witnesses[0]).toMatchObject({ problem: expect.stringMatching(says) });
    expect(await audit.witnesses?.cosignatures(0, 99)).toEqual([]);
  });
}

test('a false cosignature over another time is no cosignature', async () => {
  const { store, signer } = await fixture();
  const mine = signingKey('witness.test', newSeed(), SIGNATURE_TYPE.cosignature);
  let first = '';
  const impostor = await startImpostor((body, response) => {
    // It replays the line that it made for the first checkpoint.
    first ||= signatureLine(parseNote(body.slice(body.indexOf('\n\n') + 2)).text, mine, 1_800_000_000);
    response.writeHead(200).end(first);
  });
  undo.push(impostor.stop);
  const policy = `witness bank ${verifierKeyText(mine)} http://127.0.0.1:${impostor.port}\nquorum bank\n`;
  const audit = await signedAudit(store, signer, { witnessing: settings(policy, impostor.port) });
  await until(() => audit.witnesses?.state().witnesses[0]?.last !== undefined);
  await audit.record(intent('cal_1'));
  const checkpoint = await audit.makeCheckpoint();
  await audit.witnesses?.settled(checkpoint);
  const [state] = audit.witnesses?.state().witnesses ?? [];
  expect(state).toMatchObject({ problem: expect.stringMatching(/false cosignature/) });
  expect(state?.last?.number).toBeLessThan(checkpoint.number);
});

for (const status of [409, 422]) {
  test(`a witness that answers ${status} is an alarm: both checkpoints are kept, and recorded by digest, size and root`, async () => {
    const { store, signer } = await fixture();
    const impostor = await startImpostor((_body, response) => response.writeHead(status).end('999\n'));
    undo.push(impostor.stop);
    const key = verifierKeyText(signingKey('witness.test', newSeed(), SIGNATURE_TYPE.cosignature));
    const policy = `witness bank ${key} http://127.0.0.1:${impostor.port}\nquorum bank\n`;
    const audit = await signedAudit(store, signer, { witnessing: settings(policy, impostor.port) });
    await until(async () => ((await audit.witnesses?.conflicts()) ?? []).length === 1);
    const [conflict] = (await audit.witnesses?.conflicts()) ?? [];
    expect(conflict).toMatchObject({ witness: 'bank', status, ...(status === 409 ? { heldSize: 999 } : {}) });
    expect(audit.witnesses?.state().witnesses[0]).toMatchObject({ conflict: expect.any(String) });
    const shown = parseCheckpoint(parseNote(conflict?.shown ?? '').text);
    const [entry] = await audit.search({ kind: 'witness.conflict', limit: 9 });
    expect(JSON.parse(entry?.leaf ?? '{}').fields).toMatchObject({
      witness: 'bank',
      status,
      shown: {
        size: shown.size,
        root: shown.root.toString('hex'),
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    });
  });
}

test('a database that was rewritten and signed anew with the stolen key is refused by the witness', async () => {
  const { url, store, signer } = await fixture();
  const state = folder();
  const before = await signedAudit(store, signer, {
    witnessing: settings('agents agents\nquorum agents\n', 1),
  });
  const agent = await agentWitness(state, () => before.signing()?.keys ?? []);
  await before.witnesses?.agentAttached('branch', agent.key, agent.ask);
  await before.record(intent('cal_1'));
  await before.witnesses?.settled(await before.makeCheckpoint());
  await before.close();
  const owner = await ownerClient(url);
  for (const table of ['audit_entries', 'audit_checkpoints', 'audit_cosignatures'])
    await owner.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
  // Whoever has the key need not keep the signer's memory: its record and the checkpoints go.
  await owner.query(`UPDATE audit_entries SET leaf = replace(leaf, '"robot"', '"ghost"')`);
  await owner.query(`UPDATE audit_entries SET leaf_hash = sha256('\\x00' || convert_to(leaf, 'UTF8'))`);
  await owner.query('DELETE FROM audit_checkpoints');
  await owner.query('DELETE FROM audit_cosignatures');
  await rm(`${signer}/audit-signer-0.checkpoint`);
  const after = await signedAudit(store, signer, {
    witnessing: settings('agents agents\nquorum agents\n', 1),
  });
  const again = await agentWitness(state, () => after.signing()?.keys ?? []);
  await after.witnesses?.agentAttached('branch', again.key, again.ask);
  await until(async () => ((await after.witnesses?.conflicts()) ?? []).length === 1);
  const [conflict] = (await after.witnesses?.conflicts()) ?? [];
  expect(conflict).toMatchObject({
    status: 422,
    answer: expect.stringMatching(/held is the checkpoint of \d+ entries with root/),
  });
  expect(conflict?.held).toContain('test/log/0');
});

for (const table of ['audit_cosignatures', 'audit_witness_keys']) {
  test(`what can't be kept does not count, and is tried again: ${table}`, async () => {
    const { url, store, signer } = await fixture();
    const owner = await ownerClient(url);
    await owner.query(
      `CREATE FUNCTION fail_now() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$`,
    );
    await owner.query(
      `CREATE TRIGGER fail_now BEFORE INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION fail_now()`,
    );
    const audit = await signedAudit(store, signer, {
      witnessing: settings('agents agents\nquorum agents\n', 1),
    });
    const agent = await agentWitness(folder(), () => audit.signing()?.keys ?? []);
    const attach = () => audit.witnesses?.agentAttached('branch', agent.key, agent.ask);
    await audit.record(intent('cal_1'));
    if (table === 'audit_witness_keys') await expect(attach()).rejects.toThrow(/disk full/);
    else await attach();
    if (table === 'audit_cosignatures')
      await until(() => audit.witnesses?.state().witnesses[0]?.problem !== undefined);
    expect(audit.witnesses?.state().checkpoint).toBeUndefined();
    await owner.query(`DROP TRIGGER fail_now ON ${table}`);
    await attach();
    const checkpoint = await audit.makeCheckpoint();
    await audit.witnesses?.settled(checkpoint);
    expect(audit.witnesses?.state().met).toBe(true);
    expect(audit.witnesses?.state().checkpoint?.size).toBeGreaterThanOrEqual(checkpoint.size);
  });
}

test('an agent that comes with another key is an alarm in the log, and each key keeps what it countersigned', async () => {
  const { store, signer } = await fixture();
  const audit = await signedAudit(store, signer, {
    witnessing: settings('agents agents\nquorum agents\n', 1),
  });
  for (const state of [folder(), folder()]) {
    const agent = await agentWitness(state, () => audit.signing()?.keys ?? []);
    await audit.witnesses?.agentAttached('branch', agent.key, agent.ask);
    await audit.witnesses?.settled(await audit.makeCheckpoint());
  }
  const keys = (await audit.witnesses?.keys()) ?? [];
  expect(keys).toHaveLength(2);
  const entries = await audit.search({ kind: 'witness.key', limit: 9, order: 'oldest' });
  expect(entries.map(({ leaf }) => JSON.parse(leaf).fields.replaced)).toEqual([undefined, keys[0]?.key]);
  const stranger = await agentWitness(folder(), () => [], 'other');
  await audit.witnesses?.agentAttached('branch', stranger.key, stranger.ask);
  expect(await audit.witnesses?.keys()).toHaveLength(2);
});
