import { describe, expect, it } from 'vitest';
import { EVERYTHING, holds, NOTHING, ranged, toggled, without } from './selection';

const ORDER = ['a', 'b', 'c', 'd', 'e', 'f'];
const chosen = (ids: ReadonlySet<string>) => [...ids].sort().join('');

describe('selection', () => {
  it('lets go of what is chosen twice', () => {
    expect(chosen(toggled(toggled(NOTHING, 'a'), 'a').ids)).toBe('');
  });

  it('reaches from the anchor in both directions', () => {
    const anchored = toggled(NOTHING, 'c');
    expect(chosen(ranged(anchored, 'e', ORDER).ids)).toBe('cde');
    expect(chosen(ranged(anchored, 'a', ORDER).ids)).toBe('abc');
  });

  it('replaces the range that was drawn from the same anchor', () => {
    const first = ranged(toggled(NOTHING, 'b'), 'e', ORDER);
    expect(chosen(ranged(first, 'c', ORDER).ids)).toBe('bc');
  });

  it('keeps what was chosen before the anchor', () => {
    const two = toggled(toggled(NOTHING, 'a'), 'd');
    expect(chosen(ranged(two, 'f', ORDER).ids)).toBe('adef');
  });

  it('draws no range from an anchor that is not in view', () => {
    const anchored = toggled(NOTHING, 'a');
    const elsewhere = ranged(anchored, 'z', ['x', 'y', 'z']);
    expect(chosen(elsewhere.ids)).toBe('az');
    expect(elsewhere.anchor).toBe('z');
  });

  it('draws no range without an anchor', () => {
    expect(chosen(ranged(NOTHING, 'e', ORDER).ids)).toBe('e');
  });

  it('holds everything, loaded or not', () => {
    expect(holds(EVERYTHING, 'never seen')).toBe(true);
  });

  it('lets go of what is gone, the anchor too', () => {
    const left = without(ranged(toggled(NOTHING, 'b'), 'd', ORDER), 'b');
    expect(chosen(left.ids)).toBe('cd');
    expect(left.anchor).toBeNull();
  });
});
