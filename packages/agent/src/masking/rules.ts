import { X509Certificate } from 'node:crypto';
import { errorText } from '@sallyport/shared/errors';
import { Plans, type RuleSet } from '@sallyport/shared/masking-rules';
import { RULES_DOCUMENT_MAX_BYTES } from '../limits.ts';
import type { Logger } from '../telemetry/index.ts';
import { type RulesDocument, readRules, type SignedRules } from './document.ts';
import { AgentMaskingError } from './errors.ts';
import { loadRules, saveRules } from './state.ts';
import type { Vault } from './vault.ts';

/** One part of the rules as the tunnel brings it (tunnel.proto, MaskingRules). */
export interface RulesPart {
  readonly version: number;
  readonly payload: Buffer;
  readonly last: boolean;
  readonly signature: Buffer;
  readonly publicKey: Buffer;
}

export interface RulesOptions {
  readonly stateDir: string;
  readonly agent: string;
  /** The gateway's authority as it is trusted now, PEM. */
  readonly authorityPem: () => string;
  readonly vault: Vault;
  /** Whether agent.yaml has an analyser of that name. */
  readonly knowsAnalyser: (name: string) => boolean;
  readonly log: Logger;
}

/** The rules in force at this agent: the newest that the pinned key has signed. */
export class Rules {
  readonly #options: RulesOptions;
  #document: RulesDocument | undefined;
  #plans: Plans | undefined;
  /** Analysers that rules ask. */
  #analysers: ReadonlySet<string> = new Set();
  #kept: ReturnType<typeof loadRules>;
  #waiting: { version: number; wake: () => void }[] = [];

  constructor(options: RulesOptions) {
    this.#options = options;
    this.#kept = loadRules(options.stateDir);
    if (this.#kept !== undefined && this.#trusts(this.#kept.authorities)) {
      this.#use(readRules(this.#kept, options.agent));
    }
  }

  /** 0 where there are none. */
  get version(): number {
    return this.#document?.version ?? 0;
  }

  /** Undefined where there are no rules: then nothing is released. */
  get plans(): Plans | undefined {
    return this.#plans;
  }

  /** Whether any rule asks an analyser. */
  get analyse(): boolean {
    return this.#analysers.size > 0;
  }

  get set(): RuleSet | undefined {
    return this.#document;
  }

  /** Name of the Server document that a server of agent.yaml belongs to. */
  documentOf(server: string): string {
    const names = Object.entries(this.#document?.names ?? {});
    return names.find(([, own]) => own === server)?.[0] ?? server;
  }

  /** Takes rules whole. @returns why not, in words; undefined where they are in force now */
  take(signed: SignedRules): string | undefined {
    try {
      const document = readRules(signed, this.#options.agent);
      this.#admit(signed);
      const kept = { ...signed, authorities: authoritiesOf(this.#options.authorityPem()) };
      saveRules(this.#options.stateDir, kept);
      this.#kept = kept;
      this.#use(document);
      return undefined;
    } catch (thrown) {
      const why = errorText(thrown);
      const older = thrown instanceof AgentMaskingError && thrown.code === 'rules_older';
      this.#options.log[older ? 'warn' : 'error']('masking rules not taken', {
        version: signed.version,
        why,
      });
      return why;
    }
  }

  /** Resolves once rules of that version are in force; false where they have not come in time. */
  atLeast(version: number, maxMs: number): Promise<boolean> {
    if (this.version >= version) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiter = { version, wake: () => resolve(true) };
      this.#waiting.push(waiter);
      setTimeout(() => {
        this.#waiting = this.#waiting.filter((each) => each !== waiter);
        resolve(false);
      }, maxMs).unref();
    });
  }

  /** @throws AgentMaskingError */
  #admit({ version, publicKey }: SignedRules): void {
    const kept = this.#kept;
    // A new enrolment is a new trust: what another gateway has signed binds this one in nothing.
    if (kept === undefined || !this.#trusts(kept.authorities)) return;
    if (!kept.publicKey.equals(publicKey)) {
      throw new AgentMaskingError(
        'rules_of_another_key',
        'the masking rules are signed with another key than the one this agent has pinned. Where the gateway has a new key on purpose, remove masking-rules.json from the state folder',
      );
    }
    if (version < kept.version) {
      throw new AgentMaskingError(
        'rules_older',
        `masking rules of version ${version} come after version ${kept.version}, which stays in force`,
      );
    }
  }

  #trusts(authorities: readonly string[]): boolean {
    const now = authoritiesOf(this.#options.authorityPem());
    return authorities.some((each) => now.includes(each));
  }

  #use(document: RulesDocument): void {
    this.#document = document;
    this.#analysers = new Set(
      document.rules.flatMap(({ spec: { match } }) => (match.analyser === undefined ? [] : [match.analyser])),
    );
    for (const name of this.#analysers) {
      if (this.#options.knowsAnalyser(name)) continue;
      this.#options.log.error(
        'a masking rule asks an analyser that agent.yaml does not have: what it holds for is withheld',
        { analyser: name },
      );
    }
    this.#plans = new Plans(document, {
      hashKey: Buffer.from(document.hashKey, 'base64'),
      vault: {
        tokenise: (value, entity, scope) => this.#options.vault.tokenise(value, entity, scope),
        detokenise: () => undefined,
      },
    });
    const due = this.#waiting.filter(({ version }) => version <= document.version);
    this.#waiting = this.#waiting.filter(({ version }) => version > document.version);
    for (const { wake } of due) wake();
    this.#options.log.info('masking rules in force', {
      version: document.version,
      rules: document.rules.length,
    });
  }
}

function authoritiesOf(pem: string): string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block).fingerprint256);
}

/** Puts the parts of one document together. */
export class RulesAssembler {
  #version = 0;
  #parts: Buffer[] = [];
  #sizeBytes = 0;

  /** The whole with its last part. @throws AgentMaskingError */
  add(part: RulesPart): SignedRules | undefined {
    if (part.version !== this.#version) this.#parts = [];
    if (this.#parts.length === 0) this.#sizeBytes = 0;
    this.#version = part.version;
    this.#sizeBytes += part.payload.length;
    if (this.#sizeBytes > RULES_DOCUMENT_MAX_BYTES) {
      this.#parts = [];
      throw new AgentMaskingError('rules_too_large', 'the masking rules are larger than an agent takes');
    }
    this.#parts.push(part.payload);
    if (!part.last) return undefined;
    const document = Buffer.concat(this.#parts);
    this.#parts = [];
    const { version, signature, publicKey } = part;
    return { version, document, signature, publicKey };
  }
}
