import { describe, expect, test } from 'vitest';
import { createPolicy } from '../../src/policy/index.ts';
import {
  BRACKETS_MAX_DEPTH,
  DOCUMENT_MAX_CHARACTERS,
  EXPRESSION_MAX_DEPTH,
} from '../../src/policy/limits.ts';
import { request, rule } from './requests.ts';

const policy = createPolicy();

describe('check accepts', () => {
  test.each([
    [
      'permit (principal in Sallyport::Group::"engineers", action in Sallyport::Action::"use", resource in Sallyport::Server::"everything");',
    ],
    [
      '@id("x") permit (principal is Sallyport::User in Sallyport::Group::"g", action in [Sallyport::Action::"call", Sallyport::Action::"get"], resource is Sallyport::Tool);',
    ],
    [rule('forbid', 'context.arguments.amount > 3 && context.arguments.to.bank like "X*"')],
    [rule('forbid', 'context.arguments has amount && context.arguments.amount > 3')],
    [rule('forbid', '!(context has arguments.to.bank) || ["a", "b"].contains(context.arguments.to.bank)')],
    [rule('permit', 'context["arguments"]["a weird \\"key\\""].isEmpty()')],
    [rule('permit', 'decimal(context.arguments.amount).lessThan(decimal("10.50"))')],
    [rule('permit', 'context.arguments.amount.lessThan(decimal("10.50"))')],
    [rule('permit', 'context has client && context.client == "c" && context.era == "modern"')],
    [rule('permit', 'principal.name == "ann" && resource.name == "é"')],
    [rule('permit', 'if context.arguments has dry then true else resource.name like "get_*"')],
  ])('%s', (text) => {
    expect(policy.check(text)).toEqual([]);
  });
});

describe('check refuses', () => {
  /** `at` is the text that the place points to. */
  const cases: [title: string, text: string, at: string, message: RegExp, help?: RegExp][] = [
    [
      'a syntax error',
      '\n permit (principal, action, resource) when { 1 + };',
      '};',
      /unexpected token/,
      /expected/,
    ],
    ['a syntax error behind letters of several bytes', '// é😀\n"é😀" é', 'é', /invalid token/],
    [
      'an unknown entity type',
      'permit (principal in Sallyport::Grup::"x", action, resource);',
      'Sallyport::Grup',
      /unrecognized entity type/,
      /did you mean `Sallyport::Group`/,
    ],
    [
      'an unknown action',
      'permit (principal, action == Sallyport::Action::"cal", resource);',
      'Sallyport::Action',
      /unrecognized action/,
      /did you mean/,
    ],
    [
      'an unknown fact',
      rule('permit', '"é😀" == context.clint'),
      'context.clint',
      /`clint` in context not found/,
    ],
    [
      'an unknown fact behind a test for an argument',
      rule('permit', 'context.arguments has a && context.clint == 1'),
      'context.clint',
      /`clint` in context not found/,
      /did you mean `client`/,
    ],
    [
      'an unknown attribute',
      rule('permit', 'resource.nam == "x"'),
      'resource.nam',
      /`nam` on entity type/,
      /`name`/,
    ],
    ['a type error', rule('permit', 'context.era > 3'), 'context.era', /expected Long but saw String/],
    [
      'a type error behind a test for an argument of an odd name',
      rule('permit', 'context["arguments"]["é"] has "ü" && context.era > 3'),
      'context.era',
      /expected Long but saw String/,
    ],
    [
      'a fact that may be absent',
      rule('permit', 'context.client == "x"'),
      'context.client',
      /optional attribute `client`/,
      /context has client/,
    ],
    [
      'a bad decimal',
      rule('permit', 'decimal("1.23456") == decimal("1.0")'),
      'decimal("1.2',
      /decimal/,
      /4 digits/,
    ],
    [
      'a policy that cannot apply',
      `${rule('permit', 'true')} permit (principal, action == Sallyport::Action::"call", resource == Sallyport::Server::"x");`,
      'permit (principal, action ==',
      /applicable action/,
    ],
    ['a condition that never holds', rule('forbid', 'context has approved'), 'forbid', /impossible/],
    [
      'text that reads in another direction',
      rule('permit', 'resource.name == "\u202eab"'),
      '"\u202e',
      /BIDI/,
    ],
    ['a template', '\npermit (principal == ?principal, action, resource);', '?', /templates/],
    ['brackets nested too deep', rule('permit', '('.repeat(5000)), '('.repeat(30), /nested more than 40/],
    [
      'a chain that is too long',
      rule(
        'permit',
        Array(EXPRESSION_MAX_DEPTH + 2)
          .fill('true')
          .join(' && '),
      ),
      'permit',
      /more than 120/,
      /several/,
    ],
    [
      'a chain that is far too long',
      rule('permit', Array(9000).fill('true').join(' && ')),
      'permit',
      /longer than 1000/,
    ],
  ];
  test.each(cases)('%s', (_title, text, at, message, help) => {
    const [problem, ...others] = policy.check(text);
    expect(others).toEqual([]);
    expect(problem?.message).toMatch(message);
    if (help !== undefined) expect(problem?.help).toMatch(help);
    const line = text.split('\n')[(problem?.line ?? 0) - 1];
    expect(line?.slice((problem?.column ?? 0) - 1).slice(0, at.length)).toBe(at);
  });

  test.each(['', ' // nothing\n'])('a text without a policy: %j', (text) => {
    expect(policy.check(text)).toEqual([{ message: 'the text holds no policy' }]);
  });

  test('half of a surrogate pair, and a text that is too long', () => {
    expect(policy.check(rule('permit', 'resource.name == "\ud800"'))).toHaveLength(1);
    expect(policy.check(' '.repeat(DOCUMENT_MAX_CHARACTERS + 1))).toHaveLength(1);
  });

  test('every mistake of a document, in the order of the text', () => {
    const text = `${rule('permit', 'context.clint == 1')}\n${rule('forbid', 'context.arguments has a && resource.nam == 1')}`;
    expect(policy.check(text).map(({ line }) => line)).toEqual([1, 2]);
  });
});

test('what is at the limits is survived by check, load and decide', () => {
  const deep = '('.repeat(BRACKETS_MAX_DEPTH - 1);
  const conditions = [
    `${deep}context.era == "legacy"${deep.replaceAll('(', ')')}`,
    Array(EXPRESSION_MAX_DEPTH - 2)
      .fill('context.era == "legacy"')
      .join(' && '),
    `${'if context.era == "x" then false else '.repeat(80)}true`,
    `[${Array(2000).fill('"a"').join(', ')}, "echo"].contains(resource.name)`,
    `${'['.repeat(BRACKETS_MAX_DEPTH - 1)}1${']'.repeat(BRACKETS_MAX_DEPTH - 1)} == context.arguments.x`,
    `1${' + 1'.repeat(EXPRESSION_MAX_DEPTH - 3)} > 0`,
  ];
  const own = createPolicy();
  for (const condition of conditions) {
    expect(own.check(rule('permit', condition))).toEqual([]);
    own.load([{ name: 'p', cedar: rule('permit', condition) }]);
    const nested = Array.from({ length: BRACKETS_MAX_DEPTH - 11 }).reduce<unknown>((inner) => [inner], 1);
    expect(own.decide(request({ arguments: () => ({ x: nested }) })).reasons).not.toContain(
      'policy_unavailable',
    );
    expect(own.couldAllow(request())).toBe(true);
  }
});
