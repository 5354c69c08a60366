/** A closing that waits for a broker that is gone is not waited for. */
const CLOSE_MS = 5_000;

export async function bounded(closing: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS);
  });
  await Promise.race([closing.catch(() => undefined), timeout]);
  clearTimeout(timer);
}
