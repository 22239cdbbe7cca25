import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAnswer } from '../../../src/servers/http/answer.ts';

describe('isAnswer', () => {
  it('agrees with a real parser on every object', () => {
    const value = fc.jsonValue();
    const member = fc.constantFrom('result', 'error', 'method', 'id', 'params', 'x"result', 'a\\');
    fc.assert(
      fc.property(fc.dictionary(member, value), fc.constantFrom(0, 2), (object, indent) => {
        const text = JSON.stringify(object, undefined, indent);
        const answers = ('result' in object || 'error' in object) && !('method' in object);
        expect(isAnswer(Buffer.from(text))).toBe(answers);
      }),
    );
  });

  it('does not end on a broken message', () => {
    for (const text of ['{"result', '{"result":', '{"result":"\\', '"result"', ''])
      isAnswer(Buffer.from(text));
    expect(isAnswer(Buffer.from('{"params":{"result":1},"method":"x"}'))).toBe(false);
  });
});
