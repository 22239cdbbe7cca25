import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Known, missed, pinned, rejected, seen, stateOf } from '../../src/tools/drift.ts';

// The state machine against a model that says in plain words what a reviewer relies on.

const DIGESTS = ['a', 'b', 'c', 'd'] as const;
const digest = fc.constantFrom(...DIGESTS);
const step = fc.oneof(
  fc.record({
    kind: fc.constant('seen' as const),
    digest,
    source: fc.constantFrom('probe' as const, 'list' as const),
  }),
  fc.record({ kind: fc.constant('missed' as const) }),
  fc.record({ kind: fc.constant('pin' as const), digest }),
  fc.record({ kind: fc.constant('reject' as const), digest }),
);

interface Model {
  first: string | undefined;
  shown: string | undefined;
  byProbe: boolean;
  /** The newest decision on each definition, and the order of decisions. */
  pin: string | undefined;
  turnedDown: Set<string>;
  decided: boolean;
}

test.each([false, true])(
  'pins hold through every order of sights and decisions (first use: %s)',
  (firstUse) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let known: Known | undefined;
        const model: Model = {
          first: undefined,
          shown: undefined,
          byProbe: false,
          pin: undefined,
          turnedDown: new Set(),
          decided: false,
        };
        for (const each of steps) {
          if (each.kind === 'seen') {
            known = seen(known, each.digest, each.source, firstUse && 'first')?.known ?? known;
            model.byProbe = each.source === 'probe' || (model.byProbe && model.shown !== undefined);
            model.first ??= each.digest;
            model.shown = each.digest;
            if (firstUse && !model.decided && each.digest === model.first) {
              model.pin = each.digest;
              model.decided = true;
            }
          } else if (known === undefined) {
            continue;
          } else if (each.kind === 'missed') {
            const before = known;
            known = missed(known)?.known ?? known;
            if (model.byProbe) {
              model.shown = undefined;
              model.byProbe = false;
            } else expect(known).toBe(before);
          } else {
            const drifted = (each.kind === 'pin' ? pinned : rejected)(known, each.digest);
            // A decision is on what the server shows, or it is none.
            if (each.digest !== model.shown) expect(drifted).toBeUndefined();
            known = drifted?.known ?? known;
            if (each.digest !== model.shown) continue;
            model.decided = true;
            if (each.kind === 'pin') {
              model.pin = each.digest;
              model.turnedDown.delete(each.digest);
            } else {
              model.turnedDown.add(each.digest);
              if (model.pin === each.digest) model.pin = undefined;
            }
          }
          if (known === undefined) continue;
          const state = stateOf(known);
          // Callable exactly where the very definition that is shown was pinned, and not turned down since.
          expect(state === 'pinned').toBe(model.shown !== undefined && model.shown === model.pin);
          expect(state === 'gone').toBe(model.shown === undefined);
          if (state === 'rejected') expect(model.turnedDown.has(model.shown ?? '')).toBe(true);
          if (state === 'changed') expect(model.pin).toBeDefined();
          if (state === 'awaiting-review') expect(model.pin).toBeUndefined();
          expect(known.first).toBe(model.first);
        }
      }),
      { numRuns: 2_000 },
    );
  },
);

test('the same sight again changes nothing and is no news', () => {
  for (const source of ['probe', 'list'] as const) {
    const first = seen(undefined, 'a', source, false);
    expect(first?.happening).toBe('discovered');
    expect(first && seen(first.known, 'a', source, false)).toBeUndefined();
  }
});

test('what was rejected once is not news when it is shown again', () => {
  const shown = seen(undefined, 'a', 'list', false)?.known as Known;
  const turnedDown = rejected(shown, 'a')?.known as Known;
  const other = seen(turnedDown, 'b', 'list', false);
  expect(other?.happening).toBe('discovered');
  expect(other && seen(other.known, 'a', 'list', false)).toMatchObject({ happening: undefined });
});

test('with "any" every definition is pinned as it comes, until one was rejected', () => {
  const first = seen(undefined, 'a', 'probe', 'any')?.known as Known;
  expect(first).toMatchObject({ pinned: 'a' });
  expect(seen(first, 'a', 'probe', 'any')).toBeUndefined();
  const second = seen(first, 'b', 'probe', 'any');
  expect(second).toMatchObject({ known: { pinned: 'b', seen: 'b' }, happening: 'pinned' });
  const turnedDown = rejected(second?.known as Known, 'b')?.known as Known;
  expect(seen(turnedDown, 'c', 'probe', 'any')).toMatchObject({ known: { pinned: undefined } });
});
