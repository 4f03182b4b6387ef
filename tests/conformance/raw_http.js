// HTTP/1.1 by hand, so that what is compared is what was on the wire. One request, one connection.
'use strict';
const net = require('net');

// A request of requests.json as bytes. Header names and their order are sent as written.
function encodeRequest(request, host) {
  const headers = Array.isArray(request.headers) ? request.headers : Object.entries(request.headers || {});
  const lines = [`${request.method || 'GET'} ${request.path} HTTP/1.1`, `Host: ${host}`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  const head = (extra) => Buffer.from([...lines, ...extra, '', ''].join('\r\n'), 'utf8');
  if (request.chunks) {
    const pieces = request.chunks.map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`).join('');
    return Buffer.concat([head(['Transfer-Encoding: chunked']), Buffer.from(`${pieces}0\r\n\r\n`)]);
  }
  let body = null;
  if (request.repeat) body = Buffer.from(request.repeat[0].repeat(request.repeat[1]));
  else if (request.bodyBase64) body = Buffer.from(request.bodyBase64, 'base64');
  else if (request.body !== undefined) body = Buffer.from(request.body);
  return body === null ? head([]) : Buffer.concat([head([`Content-Length: ${body.length}`]), body]);
}

class IncompleteResponse extends Error {}

// {status, reason, headers: [[name, value]], body: Buffer, framing} of `bytes`; null when more must come. `ended`: nothing more comes.
function decodeResponse(bytes, method, ended) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) {
    if (ended) throw new IncompleteResponse(`the connection ended inside the head: ${JSON.stringify(bytes.toString('latin1').slice(0, 200))}`);
    return null;
  }
  const [statusLine, ...fields] = bytes.toString('latin1', 0, end).split('\r\n');
  const match = /^HTTP\/1\.1 (\d{3})(?: (.*))?$/.exec(statusLine);
  if (!match) throw new IncompleteResponse(`not a status line: ${JSON.stringify(statusLine)}`);
  const status = Number(match[1]);
  if (status < 200) return decodeResponse(bytes.subarray(end + 4), method, ended);
  const headers = fields.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const get = (name) => headers.find(([key]) => key.toLowerCase() === name)?.[1];
  const rest = bytes.subarray(end + 4);
  const response = (body, framing) => ({status, reason: match[2] || '', headers, body, framing});
  if (method === 'HEAD' || status === 204 || status === 304) return response(Buffer.alloc(0), 'none');
  if (/chunked/i.test(get('transfer-encoding') || '')) {
    const body = decodeChunks(rest);
    if (body === null && ended) throw new IncompleteResponse('the connection ended inside a chunked body');
    return body === null ? null : response(body, 'chunked');
  }
  if (get('content-length') !== undefined) {
    const length = Number(get('content-length'));
    if (rest.length < length) {
      if (ended) throw new IncompleteResponse(`the connection ended after ${rest.length} of ${length} bytes`);
      return null;
    }
    return response(rest.subarray(0, length), 'content-length');
  }
  return ended ? response(rest, 'until close') : null;
}

// The body of a complete chunked message, else null.
function decodeChunks(bytes) {
  const parts = [];
  let at = 0;
  for (;;) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return null;
    const size = parseInt(bytes.toString('latin1', at, line), 16);
    if (Number.isNaN(size)) throw new IncompleteResponse('a bad chunk size');
    at = line + 2;
    if (size === 0) return bytes.indexOf('\r\n', at) < 0 ? null : Buffer.concat(parts);
    if (bytes.length < at + size + 2) return null;
    parts.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
}

// Resolves to the decoded response, or to {failure: text}.
function exchange(port, request, {host = 'conformance.example', timeoutMs = 15000} = {}) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let pieces = [];
    const finish = (result) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const tryDecode = (ended) => {
      const bytes = Buffer.concat(pieces);
      pieces = [bytes];
      try {
        const response = decodeResponse(bytes, request.method || 'GET', ended);
        if (response) finish(response);
        else if (ended) finish({failure: 'the connection ended without a whole response'});
      } catch (error) {
        finish({failure: error.message});
      }
    };
    const timer = setTimeout(() => finish({failure: `no whole response within ${timeoutMs} ms`}), timeoutMs);
    socket.on('connect', () => socket.write(encodeRequest(request, host)));
    socket.on('data', (piece) => {
      pieces.push(piece);
      tryDecode(false);
    });
    socket.on('end', () => tryDecode(true));
    socket.on('error', (error) => finish({failure: error.message}));
  });
}

module.exports = {decodeResponse, encodeRequest, exchange};
