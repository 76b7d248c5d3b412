import { expect, test } from 'vitest';
import { isCurrent, PLACES } from './places';

const current = (path: string) =>
  PLACES.filter((place) => isCurrent(place, '/p/paint', path)).map((place) => place.name);

test.each([
  ['/p/paint', 'Library'],
  ['/p/paint/', 'Library'],
  ['/p/paint/images/7', 'Library'],
  ['/p/paint/trash', 'Library'],
  ['/p/paint/upload', 'Upload'],
  ['/p/paint/models/3', 'Models'],
  ['/p/paint/train', 'Models'],
  ['/p/paint/jobs/7', 'Jobs'],
  ['/p/paint/runs/9', 'Models'],
])('%s is in one place: %s', (path, name) => expect(current(path)).toEqual([name]));
