import { expect, it } from 'vitest';
import { far, holdName, result, ruleName } from './policy';

it('names rules and holds, and keeps the word of one that nobody named here', () => {
  expect(ruleName('class')).toBe('Corrections of one class');
  expect(holdName('cool_down')).toBe('Cool-down');
  expect([ruleName('moon'), holdName('moon')]).toEqual(['moon', 'moon']);
});

it('says how far a rule is, whole where it is met and nothing where it does not count', () => {
  expect(far({ value: 25, wanted: 50, met: false })).toBe(0.5);
  expect(far({ value: 80, wanted: 50, met: false })).toBe(1);
  expect(far({ value: 30, wanted: 50, met: true })).toBe(1);
  expect(far({ value: 3, wanted: 0, met: false })).toBeNull();
});

it('says that the result goes live by itself unless somebody wants to promote it', () => {
  const judged = 'The live version goes on learning from all that was said, and is judged on held-out pictures. ';
  expect(result({})).toBe(`${judged}The new one goes live by itself where the gate finds it better.`);
  expect(result({ promote_automatically: true })).toBe(result({}));
  expect(result({ promote_automatically: false })).toBe(
    `${judged}Where the gate finds the new one better, it waits until somebody promotes it.`,
  );
});
