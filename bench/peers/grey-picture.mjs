// The work of a job for the peers that run on Node, as Genfleet does it: a grey picture as a JPEG with its settings
// inside, in a file that would survive a power cut.
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

sharp.cache(false);

async function sync(path, flags, bytes) {
  const handle = await open(path, flags);
  if (bytes) await handle.writeFile(bytes);
  await handle.sync();
  await handle.close();
}

/** Answers the name of the file. */
export async function storePicture(directory, id, settings) {
  const { width, height } = settings;
  const grey = new Uint8Array(width * height * 3).fill(128);
  const bytes = await sharp(grey, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 92, chromaSubsampling: '4:4:4' })
    .withExif({ IFD0: { ImageDescription: JSON.stringify(settings) } })
    .toBuffer();
  await mkdir(directory, { recursive: true });
  const name = `${id}.jpg`;
  const partial = join(directory, `${randomUUID()}.partial`);
  await sync(partial, 'wx', bytes);
  await rename(partial, join(directory, name));
  await sync(directory, 'r');
  return name;
}
