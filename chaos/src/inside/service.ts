/** Which service this process is: `api`, `worker`…; empty in a process or thread that one of them started. */
export const service = /\/services\/([^/]+)\/src\/main\.ts$/.exec(process.argv[1] ?? '')?.[1] ?? '';
