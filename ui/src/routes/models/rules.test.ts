import { describe, expect, it } from 'vitest';
import { evidence, facts } from './rules';

describe('facts', () => {
  it('are short, and say where a figure lies inside another', () => {
    expect(facts({ n: 1520, p_value: 0.0123456, live: { errors: 0 }, worse_at: ['red', 'blue'], on: true })).toEqual([
      { name: 'n', text: '1,520' },
      { name: 'p value', text: '0.01235' },
      { name: 'live, errors', text: '0' },
      { name: 'worse at', text: 'red, blue' },
      { name: 'on', text: 'yes' },
    ]);
  });

  it('leave out what is empty', () => {
    expect(facts({ a: null, b: '', c: [], d: {} })).toEqual([]);
  });
});

describe('evidence', () => {
  it('of a row without details is empty', () => {
    expect(evidence(null)).toEqual({ rules: [], facts: [] });
  });

  it('keeps tests apart from figures and does not repeat the sentence', () => {
    const rule = { name: 'frozen', passed: true, sentence: 'Not worse.' };
    expect(evidence({ sentence: 'Better.', n: 3, rules: [rule, 'odd'] })).toEqual({
      rules: [{ ...rule, figures: {} }],
      facts: [{ name: 'n', text: '3' }],
    });
  });

  it('finds the tests of a shadow, and names no ids', () => {
    const rule = { name: 'errors', passed: true, sentence: 'None failed.', figures: {} };
    expect(evidence({ gate: '01m', shadow: { watch: '01m', rules: [rule], answers: 200 } })).toEqual({
      rules: [rule],
      facts: [{ name: 'shadow, answers', text: '200' }],
    });
  });
});
