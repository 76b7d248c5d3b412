import { describe, expect, test } from 'vitest';
import { Draft } from './draft.svelte';
import { compared } from './paint';
import { Pyramid } from './pyramid';
import { stroke } from './raster';

const SIZE = { width: 600, height: 400 };
const EMPTY = new Uint8Array(SIZE.width * SIZE.height);

function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
function scribble(draft: Draft, next: () => number) {
  const place = () => ({ x: next() * SIZE.width, y: next() * SIZE.height });
  draft.begin();
  for (let turn = 0; turn < 4; turn++)
    draft.paint(stroke(place(), place(), 1 + next() * 30, SIZE), Math.floor(next() * 3));
  draft.end();
}

describe('a draft', () => {
  test('goes back through every step to where it began, and forward again', () => {
    const next = random(5);
    const draft = new Draft(SIZE, EMPTY);
    const states = [Uint8Array.from(draft.data)];
    for (let step = 0; step < 30; step++) {
      scribble(draft, next);
      states.push(Uint8Array.from(draft.data));
    }
    for (const state of states.slice(0, -1).reverse()) {
      draft.undo();
      expect(Buffer.compare(draft.data, state)).toBe(0);
    }
    expect(draft.canUndo).toBe(false);
    for (const state of states.slice(1)) {
      draft.redo();
      expect(Buffer.compare(draft.data, state)).toBe(0);
    }
  });

  test('knows its Dice and its levels after whatever was done', () => {
    const next = random(9);
    const model = new Uint8Array(EMPTY.length).fill(1, 20_000, 90_000).fill(2, 150_000, 180_000);
    const draft = new Draft(SIZE, model, model);
    expect(draft.dice).toBe(1);
    for (let round = 0; round < 12; round++) {
      scribble(draft, next);
      if (round % 3 === 0) draft.undo();
      if (round === 7) draft.replace(model);
      expect(draft.dice).toBe(compared(draft.data, model).dice);
      expect(draft.area).toBe(draft.data.reduce((sum, value) => sum + Number(value > 0), 0));
    }
    const anew = new Pyramid(draft.data, SIZE);
    draft.pyramid.levels.forEach((level, at) => expect(Buffer.compare(level.data, anew.levels[at]!.data)).toBe(0));
  });

  test('forgets a stroke that was broken off', () => {
    const draft = new Draft(SIZE, EMPTY);
    draft.begin();
    draft.paint([10, 50, 620, 640], 1);
    draft.cancel();
    expect(draft.area).toBe(0);
    expect([draft.canUndo, draft.unsaved]).toEqual([false, false]);
  });

  test('is unsaved until it is saved, and after going back from there', () => {
    const draft = new Draft(SIZE, EMPTY);
    draft.paint([0, 5], 1);
    expect(draft.unsaved).toBe(true);
    draft.saved();
    expect(draft.unsaved).toBe(false);
    draft.undo();
    expect(draft.unsaved).toBe(true);
    draft.redo();
    expect(draft.unsaved).toBe(false);
  });

  test('painting what is painted already is no step', () => {
    const draft = new Draft(SIZE, EMPTY);
    draft.paint([0, 5], 0);
    draft.replace();
    expect(draft.canUndo).toBe(false);
  });

  test('a new stroke after going back takes the place of what was undone', () => {
    const draft = new Draft(SIZE, EMPTY);
    draft.paint([0, 5], 1);
    draft.undo();
    draft.paint([7, 9], 1);
    expect([draft.canRedo, draft.area]).toEqual([false, 2]);
  });
});
