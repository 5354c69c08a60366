/** `node tools/mock-openai/main.ts [PORT]`: the mock as a process of its own; prints the base URL of its API. */
import { MockOpenAi } from './server.ts';

const mock = new MockOpenAi();
process.stdout.write(`${await mock.listen(Number(process.argv[2] ?? 0))}\n`);
