import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { loadTokenizer, type Tokenizer } from '@genfleet/models';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type CodeManifest, readCodeManifest } from './code-manifest.ts';

/** Keys and values of the tokens read so far, as the network gave them. */
export type Cache = Tensor;

/** A decoder with a key/value cache on ONNX Runtime, one thread, and its tokenizer. */
export class CodeModel {
  readonly manifest: CodeManifest;
  readonly tokenizer: Tokenizer;
  readonly #session: InferenceSession;

  private constructor(manifest: CodeManifest, tokenizer: Tokenizer, session: InferenceSession) {
    this.manifest = manifest;
    this.tokenizer = tokenizer;
    this.#session = session;
  }

  /** @throws Error when a file is missing or not what it should be. */
  static async load(folder: URL): Promise<CodeModel> {
    const [manifest, tokenizer, weights] = await Promise.all([
      readCodeManifest(folder),
      loadTokenizer(fileURLToPath(new URL('tokenizer.json', folder))),
      readFile(new URL('decoder.onnx', folder)),
    ]);
    const session = await InferenceSession.create(weights, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
    });
    return new CodeModel(manifest, tokenizer, session);
  }

  get emptyCache(): Cache {
    const { layers, key_heads: keyHeads, head_width: headWidth } = this.manifest;
    return new Tensor('float32', new Float32Array(0), [layers, 2, 1, keyHeads, 0, headWidth]);
  }

  /**
   * Reads `ids` after what the cache holds. Blocks the thread for about 0.6 ms a token, less for many at once.
   * @returns the logits after each of them, and the cache with them added
   */
  async read(ids: readonly number[], past: Cache): Promise<{ logits: Float32Array[]; cache: Cache }> {
    const input = new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
    const { logits, present } = await this.#session.run({ ids: input, past });
    if (!logits || !present) throw new Error('the network gave no output');
    const all = logits.data as Float32Array;
    const { vocabulary } = this.manifest;
    const rows = ids.map((_, row) => all.subarray(row * vocabulary, (row + 1) * vocabulary));
    return { logits: rows, cache: present as Tensor };
  }
}
