// The benchmark's applications on node:http. hello and json are written as one writes them for Node; hono runs through the usual adapter:
// a Request per request, the Response's body written out. usage: node node_server.mjs APP PORT [BUNDLE]
import http from 'node:http';
import { pathToFileURL } from 'node:url';

const [, , app, port, bundle] = process.argv;

const handlers = {
  hello: (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/plain;charset=UTF-8', 'Content-Length': 13 });
    response.end('Hello, world!');
  },
  json: (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const body = JSON.stringify({ message: `Hello, ${url.searchParams.get('name') ?? 'world'}!`, path: url.pathname, agent: request.headers['user-agent'] ?? null, items: [1, 2, 3], ok: true });
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  },
};

if (app === 'hono') {
  const worker = (await import(pathToFileURL(bundle))).default;
  handlers.hono = async (request, response) => {
    const answer = await worker.fetch(new Request(`http://${request.headers.host}${request.url}`, { method: request.method, headers: request.headers }), {}, { waitUntil() {} });
    const body = Buffer.from(await answer.arrayBuffer());
    response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), 'Content-Length': body.length });
    response.end(body);
  };
}

const server = http.createServer(handlers[app]);
server.keepAliveTimeout = 0;
server.listen(Number(port), '127.0.0.1');
