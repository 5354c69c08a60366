export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What a model says of the canvases it was trained on. */
export interface CanvasRule {
  /** Pixels. */
  readonly native_short_side: number;
  /** Both sides are multiples of it. */
  readonly size_multiple: number;
  /** Long side over short side at most; longer pictures are squeezed into that and stretched again. */
  readonly max_aspect: number;
}

/**
 * The canvas on which a small model draws a picture of the size asked for: its native short side, and a long
 * side of the nearest aspect it was trained on. The result is then enlarged.
 */
export function nativeCanvas(asked: Size, rule: CanvasRule): Size {
  const { native_short_side: short, size_multiple: multiple, max_aspect: maxAspect } = rule;
  const aspect = Math.max(asked.width, asked.height) / Math.min(asked.width, asked.height);
  const long = Math.round((short * Math.min(aspect, maxAspect)) / multiple) * multiple;
  return asked.width >= asked.height ? { width: long, height: short } : { width: short, height: long };
}
