import sharp from 'sharp';

/** What the demo model calls these colours. */
const COLOURS = { red: [219, 33, 33], blue: [33, 77, 222], yellow: [250, 222, 31], white: [247, 247, 247] };
const INSET = 0.04;

/** The named colours nearest to the four corners of a picture. */
export async function cornersOf(image: Uint8Array): Promise<string[]> {
  const { data, info } = await sharp(image).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => {
    const start = (Math.round(y * info.height) * info.width + Math.round(x * info.width)) * 3;
    return nearest([...data.subarray(start, start + 3)]);
  };
  const far = 1 - INSET;
  return [at(INSET, INSET), at(far, INSET), at(INSET, far), at(far, far)];
}

function nearest(seen: readonly number[]): string {
  const distance = (rgb: readonly number[]) =>
    rgb.reduce((sum, level, index) => sum + (level - (seen[index] ?? 0)) ** 2, 0);
  const [first] = Object.entries(COLOURS).sort(([, a], [, b]) => distance(a) - distance(b));
  return first?.[0] ?? '';
}
