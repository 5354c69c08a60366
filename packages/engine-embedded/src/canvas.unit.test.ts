import { describe, expect, it } from '@jest/globals';
import { nativeCanvas } from './canvas.ts';

const rule = { native_short_side: 128, size_multiple: 32, max_aspect: 1.5 };

describe('nativeCanvas', () => {
  it.each([
    [512, 512, 128, 128],
    [64, 64, 128, 128],
    [768, 512, 192, 128],
    [512, 768, 128, 192],
    [640, 512, 160, 128],
    [2048, 64, 192, 128],
    [64, 2048, 128, 192],
  ])('draws %i×%i on %i×%i', (width, height, canvasWidth, canvasHeight) => {
    expect(nativeCanvas({ width, height }, rule)).toEqual({ width: canvasWidth, height: canvasHeight });
  });
});
