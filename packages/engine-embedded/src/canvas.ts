export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Beyond this many times the short side a model has never seen a canvas; longer pictures are squeezed into it. */
const LONGEST_ASPECT = 2;

/**
 * The canvas on which a small model draws a picture of the size asked for: its native short side, and a long
 * side of the nearest aspect, rounded to a multiple of `factor` pixels. The result is then enlarged.
 */
export function nativeCanvas(asked: Size, nativeShortSide: number, factor: number): Size {
  const short = Math.min(asked.width, asked.height);
  const aspect = Math.min(Math.max(asked.width, asked.height) / short, LONGEST_ASPECT);
  const long = Math.max(nativeShortSide, Math.round((nativeShortSide * aspect) / factor) * factor);
  return asked.width >= asked.height
    ? { width: long, height: nativeShortSide }
    : { width: nativeShortSide, height: long };
}
