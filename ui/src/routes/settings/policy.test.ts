import { describe, expect, it } from 'vitest';
import { heldOf, learning, text, value, WATCHING, type NumberRule } from './policy';

const rule = (key: string): NumberRule =>
  [...learning(false).numbers, ...WATCHING.numbers].find((one) => one.key === key)!;

describe('the settings of the loop', () => {
  it('are what is usual where nobody chose', () => {
    expect(heldOf(learning(false), {})).toEqual({
      min_samples_for_retraining: 50,
      cool_down_days: 7,
      budget_hours: 24,
      new_share: 0.3,
      retrain_automatically: false,
      second_opinion: false,
    });
    expect(heldOf(WATCHING, { rollout: 'shadow', margin: 0.01 })).toEqual({
      drift_threshold: 0.05,
      margin: 0.01,
      promote_automatically: true,
      drift_check: 'daily',
      rollout: 'shadow',
    });
  });

  it('are off only where somebody switched them off, or where that is usual', () => {
    expect(heldOf(WATCHING, { promote_automatically: false })['promote_automatically']).toBe(false);
    expect(heldOf(learning(false), { retrain_automatically: true })['retrain_automatically']).toBe(true);
  });

  it('are typed as percent where they are held as shares, and come back the same', () => {
    expect(text(rule('new_share'), 0.3)).toBe('30');
    expect(value(rule('new_share'), '30')).toEqual({ value: 0.3 });
    expect(text(rule('margin'), 0.015)).toBe('1.5');
    expect(value(rule('cool_down_days'), '0,5')).toEqual({ value: 0.5 });
  });

  it('may be empty only where that means what is usual', () => {
    expect(text(rule('margin'), null)).toBe('');
    expect(value(rule('margin'), ' ')).toEqual({ value: null });
    expect(value(rule('budget_hours'), '').wrong).toBe('A number from 0 to 10,000.');
  });

  it('say their range where a number does not fit', () => {
    expect(value(rule('new_share'), '51').wrong).toBe('A number from 0 to 50.');
    expect(value(rule('min_samples_for_retraining'), '1.5').wrong).toBe('A whole number from 1 to 1,000,000.');
    expect(value(rule('drift_threshold'), 'x').wrong).toBe('A number from 0.0001 to 0.5.');
  });
});
