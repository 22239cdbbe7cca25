import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ensureAgentConfig, SERVERS } from '../quickstart/agent-config.ts';
import type { Notes } from '../quickstart/notes.ts';
import { readNotes, writeNotes } from '../quickstart/notes.ts';
import { readSettings, type Settings } from '../quickstart/settings.ts';
import { temporaryFolder } from './framework/quickstart.ts';

let folder: { path: string; remove: () => Promise<void> };
let settings: Settings;
let notes: Notes;
beforeEach(async () => {
  folder = await temporaryFolder();
  settings = readSettings({ SALLYPORT_DATA_DIR: folder.path });
  notes = { documents: {}, agentConfig: {} };
  await ensureAgentConfig(settings, 3101, notes);
});
afterEach(() => folder.remove());

const file = (): string => readFileSync(settings.paths.agentConfig, 'utf8');
const edit = (change: (text: string) => string): void =>
  writeFileSync(settings.paths.agentConfig, change(file()));

describe('agent.yaml', () => {
  it('is written with programs that exist, for the owner alone', () => {
    const config = parse(file());
    expect(Object.keys(config.servers)).toEqual([...SERVERS]);
    expect(config.gateway).toBe('localhost:7401');
    for (const server of ['everything', 'filesystem', 'core-banking']) {
      const [node, program] = config.servers[server].command;
      expect(statSync(node).isFile() && statSync(program).isFile()).toBe(true);
    }
    expect(statSync(settings.paths.agentConfig).mode & 0o777).toBe(0o600);
  });

  it('keeps edits, additions and deletions, and follows a moved port', async () => {
    edit(
      (text) =>
        `${text.replace('transport: stdio', 'transport: stdio\n    cwd: /srv # mine')}\n  ledger: { transport: http, url: "http://127.0.0.1:9/mcp" }\n`,
    );
    const edited = parse(file());
    delete edited.servers.filesystem;
    const withoutFiles = file().replace(/ {2}filesystem:\n( {4}.*\n)+/, '');
    writeFileSync(settings.paths.agentConfig, withoutFiles);
    expect(await ensureAgentConfig(settings, 3102, notes)).toBe('agent.yaml brought up to date');
    const now = parse(file());
    expect(now.servers).toEqual({
      ...edited.servers,
      'core-banking-http': { transport: 'http', url: 'http://127.0.0.1:3102/mcp' },
    });
    expect(file()).toContain('# mine');
    expect(file()).toContain("What the quick start's agent may run");
  });

  it('leaves a value alone that a person has changed, also when ours moves', async () => {
    edit((text) => text.replace('http://127.0.0.1:3101/mcp', 'http://127.0.0.1:5555/mcp'));
    expect(await ensureAgentConfig(settings, 3102, notes)).toBe('agent.yaml kept');
    expect(file()).toContain('127.0.0.1:5555');
  });

  it('is left alone when it is broken', async () => {
    edit((text) => `${text}\n  : [`);
    const broken = file();
    expect(await ensureAgentConfig(settings, 3102, notes)).toBe('agent.yaml has errors');
    expect(file()).toBe(broken);
  });

  it('is known again after a restart, by the notes', async () => {
    mkdirSync(folder.path, { recursive: true });
    await writeNotes(settings.paths.notesFile, notes);
    expect(await readNotes(settings.paths.notesFile)).toEqual(notes);
    writeFileSync(settings.paths.notesFile, 'torn {');
    expect(await readNotes(settings.paths.notesFile)).toEqual({ documents: {}, agentConfig: {} });
  });
});
