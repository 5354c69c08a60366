/** `bare-proxy.ts PORT`: the least that a proxy in Node can do, before the upstream at PORT. Prints its own port. */
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const server = createServer({ noDelay: true }, (incoming, outgoing) => {
  const { method, url: path, headers } = incoming;
  const options = { host: '127.0.0.1', port: process.argv[2], agent, method, path, headers };
  const upstream = request(options, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  upstream.on('error', (error) => outgoing.destroy(error));
  outgoing.on('close', () => upstream.destroy());
  incoming.pipe(upstream);
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
