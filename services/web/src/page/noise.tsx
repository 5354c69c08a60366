import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** Coarse, so that it looks like what the model starts from. */
const CELLS = 32;
const FRAME_MS = 120;

/** What every picture begins as. It stands still for those who asked their system for less motion. */
export function Noise({ isMoving = false }: { isMoving?: boolean }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    draw(context);
    if (!isMoving || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const timer = setInterval(() => draw(context), FRAME_MS);
    return () => clearInterval(timer);
  }, [isMoving]);
  return <canvas ref={canvas} class="noise" width={CELLS} height={CELLS} />;
}

function draw(context: CanvasRenderingContext2D): void {
  const image = context.createImageData(CELLS, CELLS);
  for (let at = 0; at < image.data.length; at += 4) {
    for (let channel = 0; channel < 3; channel += 1) image.data[at + channel] = gaussian() * 46 + 128;
    image.data[at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** Near enough to a normal distribution: the sum of four uniform numbers, with variance 1. */
function gaussian(): number {
  return (Math.random() + Math.random() + Math.random() + Math.random() - 2) * Math.sqrt(3);
}
