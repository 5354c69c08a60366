import { type FileHandle, open, rm } from 'node:fs/promises';

/** What waits for the disk before it is written. */
const MUCH_BYTES = 256 * 1_024;
/** A character of UTF-16 is at most so many bytes of UTF-8. */
const MAX_BYTES_OF_CHAR = 3;

type Handle = Pick<FileHandle, 'close'> & {
  write(bytes: Buffer, from: number, length: number, position: number): Promise<{ bytesWritten: number }>;
};

/**
 * A file of lines. They are held as bytes and written many at a time: as strings, each would live long enough for the
 * collector to move it twice and then to look for it in the old heap.
 */
export class LineFile {
  readonly path: string;
  readonly #handle: Handle;
  #held = Buffer.allocUnsafeSlow(2 * MUCH_BYTES);
  #heldBytes = 0;
  #writtenOfHeld = 0;
  #writtenBytes = 0;

  constructor(path: string, handle: Handle) {
    this.path = path;
    this.#handle = handle;
  }

  /** Readable by its owner only. Rejects when there is such a file. */
  static async create(path: string): Promise<LineFile> {
    return new LineFile(path, await open(path, 'wx', 0o600));
  }

  /** Held until it is written. */
  add(line: string): void {
    const mostBytes = this.#heldBytes + (line.length + 1) * MAX_BYTES_OF_CHAR;
    if (mostBytes > this.#held.length) this.#makeRoom(mostBytes);
    this.#heldBytes += this.#held.write(line, this.#heldBytes);
    this.#heldBytes += this.#held.write('\n', this.#heldBytes);
  }

  /** Whether enough is held to be worth a write. */
  get holdsMuch(): boolean {
    return this.#heldBytes >= MUCH_BYTES;
  }

  /** Writes what is held. When that failed it may be called again, and goes on. Nothing may be added meanwhile. */
  async write(): Promise<void> {
    while (this.#writtenOfHeld < this.#heldBytes) {
      const bytes = this.#held.subarray(this.#writtenOfHeld, this.#heldBytes);
      const { bytesWritten } = await this.#handle.write(bytes, 0, bytes.length, this.#writtenBytes);
      this.#writtenBytes += bytesWritten;
      this.#writtenOfHeld += bytesWritten;
    }
    this.#heldBytes = 0;
    this.#writtenOfHeld = 0;
  }

  async remove(): Promise<void> {
    await this.#handle.close();
    await rm(this.path, { force: true });
  }

  #makeRoom(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(2 * bytes);
    this.#held.copy(larger, 0, 0, this.#heldBytes);
    this.#held = larger;
  }
}
