import { describe, expect, it } from 'vitest';
import { repairable, tell, type Finding, type Report } from './report';

const finding = (changes: Partial<Finding>): Finding => ({
  kind: 'blob_without_row',
  count: 1,
  examples: [],
  repaired: false,
  ...changes,
});
const report = (...findings: Finding[]): Report => ({ ok: false, findings, images: 0, blobs: 0, seconds: 0 });

describe('tell', () => {
  it.each([
    [finding({}), '1 stored file that nothing refers to', 'warn'],
    [finding({ count: 1200 }), '1,200 stored files that nothing refers to', 'warn'],
    [finding({ repaired: true }), '1 stored file that nothing refers to', 'good'],
    [finding({ kind: 'row_without_blob', count: 2 }), '2 entries whose files are gone', 'bad'],
    [finding({ kind: 'something_new' }), '1 something_new', 'warn'],
  ])('says of %j', (given, said, kind) => {
    expect(tell(given)).toMatchObject({ said, kind });
  });
});

describe('repairable', () => {
  it('is false where only a backup helps or all is repaired', () => {
    expect(repairable(report(finding({ kind: 'damaged_blob' }), finding({ repaired: true })))).toBe(false);
    expect(repairable(report(finding({ kind: 'damaged_blob' }), finding({})))).toBe(true);
  });
});
