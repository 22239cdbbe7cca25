import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSettings } from '@sallyport/gateway';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { ROOT } from '../architecture/sources.ts';

// There is no Docker engine in CI. What can be checked without one is checked: that all the setup names exists.

interface Service {
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly image?: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly secrets?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

const folder = join(ROOT, 'deploy/compose');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
// Cast: our own file; what is missing fails below.
const compose = parse(read('compose.yaml'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
};
const dockerfile = read('Dockerfile');
const services = Object.entries(compose.services);
/** A path inside an image is a path of the workspace below /app. */
const inWorkspace = (path: string) => join(ROOT, path.replace(/^\/app\//, ''));

describe('the Docker Compose setup', () => {
  it('builds targets of a Dockerfile that are there, from files that are there', () => {
    for (const [, service] of services) {
      if (service.build === undefined) continue;
      expect(existsSync(join(folder, service.build.context, service.build.dockerfile))).toBe(true);
      expect(dockerfile).toMatch(new RegExp(`^FROM .* AS ${service.build.target}$`, 'm'));
    }
    for (const [, sources] of dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
      for (const source of sources?.split(' ') ?? [])
        expect(existsSync(join(ROOT, source)), source).toBe(true);
    }
  });

  it('runs programs and scripts that are there', () => {
    const named = [
      ...JSON.stringify(compose).matchAll(/\/app\/[^"]+/g),
      ...dockerfile.matchAll(/\/app\/[^"\s]+/g),
    ].map(([path]) => path);
    for (const script of ['gateway-entrypoint.sh', 'core-banking-entrypoint.sh']) {
      named.push(...[...read(script).matchAll(/\/app\/\S+/g)].map(([path]) => path));
    }
    expect(named.length).toBeGreaterThan(6);
    for (const path of named) expect(existsSync(inWorkspace(path)), path).toBe(true);
  });

  it('passes commands and options that the programs know', () => {
    const help = (program: string, command: string) =>
      execFileSync(process.execPath, [join(ROOT, program), command, '--help'], { encoding: 'utf8' });
    const gateway = help('packages/gateway/bin/sallyport-gateway.js', 'serve');
    const agent = help('packages/agent/bin/sallyport-agent.js', 'run');
    for (const option of compose.services.gateway?.command?.filter((word) => word.startsWith('--')) ?? [])
      expect(gateway).toContain(option);
    for (const option of compose.services.agent?.command?.filter((word) => word.startsWith('--')) ?? [])
      expect(agent).toContain(option);
  });

  it('mounts files, volumes and secrets that are declared', () => {
    for (const [name, service] of services) {
      for (const volume of service.volumes ?? []) {
        const [source = ''] = volume.split(':');
        if (source.startsWith('.')) expect(existsSync(join(folder, source)), `${name}: ${source}`).toBe(true);
        else expect(Object.keys(compose.volumes)).toContain(source);
      }
      for (const secret of service.secrets ?? []) expect(Object.keys(compose.secrets)).toContain(secret);
      for (const other of Object.keys(service.depends_on ?? {}))
        expect(Object.keys(compose.services)).toContain(other);
    }
    const readme = read('README.md');
    for (const { file } of Object.values(compose.secrets)) expect(readme).toContain(file.replace('./', ''));
  });

  it('gives the gateway settings that it accepts, on the ports that are published', () => {
    const variables = compose.services.gateway?.environment ?? {};
    const settings = loadSettings(join(folder, 'gateway.yaml'), {
      ...variables,
      SALLYPORT_DATABASE_URL: 'postgres://a:b@postgres:5432/sallyport',
    });
    const published = (compose.services.gateway?.ports ?? []).map((port) => Number(port.split(':').at(-1)));
    expect(published).toEqual([settings.port, settings.tunnelPort]);
    expect(settings.tunnelNames).toContain('gateway');
    expect(settings.tls).toBeDefined();
    expect(() =>
      loadSettings(join(folder, 'gateway.yaml'), { SALLYPORT_PUBLIC_URL: 'http://localhost:7400' }),
    ).toThrow('https://');
  });

  it('runs nothing of ours as root, on a writable root file system or without a health check', () => {
    for (const [name, service] of services) {
      if (service.build === undefined) continue;
      expect(service.user, name).toBe('10001:10001');
      expect(service.read_only, name).toBe(true);
      if (name !== 'core-banking') expect(service.healthcheck?.test.length, name).toBeGreaterThan(1);
    }
  });

  it('registers documents for the agent and server that agent.yaml names', () => {
    const agent = parse(read('agent.yaml')) as { gateway: string; servers: Record<string, unknown> };
    const documents = parseAllDocuments(read('documents.yaml')).map(
      (document) => document.toJS() as { kind: string; name: string },
    );
    const servers = documents
      .filter((document) => document.kind === 'Server')
      .map((document) => document.name);
    expect(Object.keys(agent.servers)).toEqual(servers);
    expect(agent.gateway).toBe('gateway:7401');
  });
});
