// The server that the applications' fetch() reaches: one for both, so that what it echoes is the same.
'use strict';
const http = require('http');

// How the message travels, and what differs from one client to the next without meaning anything.
const UNTOLD = new Set(['connection', 'content-length', 'transfer-encoding']);

function echo(request, response) {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const fields = Object.entries(request.headers).filter(([name]) => !UNTOLD.has(name)).map(([name, value]) => `${name}: ${value}`).sort();
    response.setHeader('Content-Type', 'text/plain');
    response.end([`${request.method} ${request.url}`, ...fields, '', Buffer.concat(pieces).toString()].join('\n'));
  });
}

const PATHS = {
  '/echo': echo,
  // ?code=...&to=...
  '/redirect': (request, response, url) => {
    request.resume();
    request.on('end', () => response.writeHead(Number(url.searchParams.get('code')), {Location: url.searchParams.get('to')}).end('moved'));
  },
  '/elsewhere': (request, response) => response.writeHead(302, {Location: `http://localhost:${request.socket.localPort}/echo`}).end(),
  '/loop': (request, response) => response.writeHead(302, {Location: '/loop'}).end(),
  '/without-location': (request, response) => response.writeHead(302).end('where to?'),
  '/status': (request, response, url) => response.writeHead(Number(url.searchParams.get('code'))).end(),
  '/headers': (request, response) => response.writeHead(200, 'Very Well', {'X-A': ['1', '2'], 'Set-Cookie': ['a=1', 'b=2'], 'Content-Type': 'text/x'}).end('h'),
  '/reset': (request) => request.socket.resetAndDestroy(),
  '/close': (request) => request.socket.end(),
  '/garbage': (request) => request.socket.end('this is no HTTP\r\n\r\n'),
  '/short': (request) => request.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc'),
  '/hang': () => {},
  '/stall': (request, response) => response.write('first'),
};

async function startOrigin() {
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://origin');
    (PATHS[url.pathname] || ((_, missing) => missing.writeHead(404).end()))(request, response, url);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    stop: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

module.exports = {startOrigin};
