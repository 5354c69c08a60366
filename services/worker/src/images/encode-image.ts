import { crc32 } from 'node:zlib';
import type { GeneratedImage } from '@genfleet/engine';
import { GenfleetError, type Txt2ImgSettings } from '@genfleet/job';
import { withExif } from './exif.ts';

export interface EncodedImage {
  readonly bytes: Uint8Array;
  readonly contentType: 'image/jpeg' | 'image/png';
  readonly extension: 'jpg' | 'png';
  readonly width: number;
  readonly height: number;
}

const JPEG_QUALITY = 92;
const PNG_SIGNATURE_BYTES = 8;
/** IHDR is always first: 4 length + 4 type + 13 data + 4 CRC. */
const PNG_IHDR_BYTES = 25;

/**
 * JPEG or PNG with the generation settings inside: EXIF ImageDescription in a JPEG, a `parameters` iTXt chunk
 * in a PNG. The same picture and settings give the same bytes.
 * @throws GenfleetError `engine_failed` when the picture is not of the size asked for or can't be read.
 */
export async function encodeImage(
  image: GeneratedImage,
  settings: Txt2ImgSettings,
  seed: number,
): Promise<EncodedImage> {
  const { width, height } = settings;
  if (image.width !== width || image.height !== height) {
    throw new GenfleetError(
      'engine_failed',
      `engine made ${image.width}×${image.height} instead of ${width}×${height}`,
    );
  }
  const description = JSON.stringify({ ...settings, seed });
  const sharp = await codec();
  const source =
    image.encoding === 'rgb'
      ? sharp(image.bytes, { raw: { width, height, channels: 3 } })
      : sharp(image.bytes, { limitInputPixels: width * height });
  try {
    if (settings.format === 'png') {
      const png = await source.removeAlpha().png({ compressionLevel: 6 }).toBuffer();
      const bytes = withPngText(png, 'parameters', description);
      return { bytes, contentType: 'image/png', extension: 'png', width, height };
    }
    const jpeg = await source.jpeg({ quality: JPEG_QUALITY, chromaSubsampling: '4:4:4' }).toBuffer();
    const bytes = withExif(jpeg, asciiJson(description));
    return { bytes, contentType: 'image/jpeg', extension: 'jpg', width, height };
  } catch (cause) {
    throw new GenfleetError(
      'engine_failed',
      `engine returned a picture that can't be read: ${String(cause)}`,
      {
        cause,
      },
    );
  }
}

type Codec = typeof import('sharp')['default'];
let loading: Promise<Codec> | undefined;

/** Loaded at the first picture: an idle worker does not carry it. */
function codec(): Promise<Codec> {
  loading ??= import('sharp').then(({ default: sharp }) => {
    sharp.cache(false);
    return sharp;
  });
  return loading;
}

/** EXIF's ImageDescription is ASCII; JSON can say the rest in escapes, and reads back the same. */
function asciiJson(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Inserts an uncompressed iTXt chunk after IHDR (PNG specification, third edition, 11.3.3.4). */
function withPngText(png: Uint8Array, keyword: string, text: string): Uint8Array {
  // keyword, 0, not compressed, method 0, no language, no translated keyword, text
  const data = Buffer.concat([Buffer.from(`${keyword}\0\0\0\0\0`, 'latin1'), Buffer.from(text, 'utf8')]);
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write('iTXt', 4, 'latin1');
  data.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  const head = PNG_SIGNATURE_BYTES + PNG_IHDR_BYTES;
  return Buffer.concat([png.subarray(0, head), chunk, png.subarray(head)]);
}
