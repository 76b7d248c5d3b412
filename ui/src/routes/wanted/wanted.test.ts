import { expect, it } from 'vitest';
import { judging, kindName, none, purpose, unfit } from './wanted';

it('says what a question is and what its answer is for', () => {
  expect(kindName('random')).toBe('drawn at random');
  expect(kindName('shifted')).toBe('most changed');
  expect(kindName('later')).toBe('later');
  expect(purpose({ judges: true })).toBe('judges');
  expect(purpose({ judges: false })).toBe('teaches');
});

it('asks for one to two thousand pictures and no fraction of one', () => {
  expect(unfit(1)).toBeUndefined();
  expect(unfit(2000)).toBeUndefined();
  for (const n of [0, 2001, 1.5, NaN]) expect(unfit(n)).toBe('A whole number from 1 to 2,000.');
});

it('counts only the answered judges that the gate counts too', () => {
  const random = { asked: 300, answered: 250, judging: 150, judging_answered: 120, judging_recent: 40 };
  expect(judging({ random, enough_for_recent: 100 })).toEqual({ n: 40, share: 0.4 });
  expect(judging({ random: { ...random, judging_recent: 200 }, enough_for_recent: 100 })).toEqual({ n: 200, share: 1 });
});

it('says that nobody has answered only where nobody has', () => {
  expect(none('open', { answered: 3, items: [] })).toBe('Every question is answered.');
  expect(none('answered', { answered: 0, items: [] })).toBe('Nobody has answered yet: press “Label them”.');
  expect(none('answered', { answered: 1200, items: new Array(500) })).toBe(
    'The 1,200 answered ones are not among the first 500 shown here: open ones come first.',
  );
});
