import { describe, expect, it } from 'vitest';
import { doubt, replayed } from './answering';

const told = (parts: object) => ({ confidence: 0.9, off_domain: 0.5, figures: null, ...parts });

describe('an answer is doubted', () => {
  it('not where it is sure and ordinary', () => {
    expect(doubt(told({}), 0.5)).toBeUndefined();
  });
  it('with the advice that it came with, before anything else', () => {
    const figures = { reason: 'retake', advice: 'Blurred: hold still.' };
    expect(doubt(told({ figures, confidence: 0.1 }), 0.5)).toBe('Blurred: hold still.');
  });
  it('where it is strange, for people, or below the floor', () => {
    expect(doubt(told({ off_domain: 0.999 }), 0.5)).toContain('unlike');
    expect(doubt(told({ figures: { reason: 'human' } }), 0.5)).toContain('people');
    expect(doubt(told({ confidence: 0.3 }), 0.5)).toContain('50 %');
  });
});

describe('a replay', () => {
  it('tells whether the numbers came again, or why not', () => {
    expect(replayed({ same: true, reason: null, largest_difference: 0 })).toContain('same');
    expect(replayed({ same: false, reason: 'The picture is gone.', largest_difference: null })).toBe(
      'The picture is gone.',
    );
    expect(replayed({ same: false, reason: null, largest_difference: 0.0123 })).toContain('0.012');
  });
});
