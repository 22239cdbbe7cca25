import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { GatewayControl } from '@sallyport/proto';

/** The key that rules are signed with, and rules signed with it: the gateway's side of masking in tests. */
export class TestRules {
  readonly key: KeyObject;
  readonly publicDer: Buffer;
  version = 1;
  /** Members of the document beside version and agent. */
  content: { servers: object; names: Record<string, string>; rules: object[] } = {
    servers: {},
    names: {},
    rules: [],
  };

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.key = privateKey;
    this.publicDer = publicKey.export({ format: 'der', type: 'spki' });
  }

  document(agent = 'tester'): Buffer {
    const hashKey = Buffer.alloc(32, 7).toString('base64');
    return Buffer.from(JSON.stringify({ version: this.version, agent, ...this.content, hashKey }));
  }

  control(document = this.document(), version = this.version): GatewayControl {
    const text = Buffer.concat([Buffer.from('sallyport-masking-rules/1\n'), document]);
    const signature = sign(null, text, this.key);
    return {
      maskingRules: { version, payload: document, last: true, signature, publicKey: this.publicDer },
    };
  }
}
