import { DurableObject } from 'cloudflare:workers';

const pair = () => Object.values(new WebSocketPair());
const answer = (client, init = {}) => new Response(null, { status: 101, webSocket: client, ...init });

// What the worker has heard since the start, for the tests to ask.
const heard = [];

const routes = {
  '/echo'(request) {
    const [client, server] = pair();
    server.accept();
    server.addEventListener('message', (event) => server.send(event.data));
    server.addEventListener('close', (event) => {
      heard.push(`close ${event.code} ${event.reason} ${event.wasClean}`);
      server.close(event.code === 1005 ? undefined : event.code, event.code === 1005 ? undefined : event.reason);
    });
    server.addEventListener('error', (event) => heard.push(`error ${event.message}`));
    const offered = request.headers.get('Sec-WebSocket-Protocol');
    return answer(client, offered ? { headers: { 'Sec-WebSocket-Protocol': offered.split(',')[0].trim() } } : {});
  },
  // Says what kind of message came, and how large it was.
  '/describe'() {
    const [client, server] = pair();
    server.accept();
    server.onmessage = ({ data }) => server.send(typeof data === 'string' ? `text ${data.length}` : `${data.constructor.name} ${data.byteLength}`);
    return answer(client);
  },
  '/close'(request) {
    const [client, server] = pair();
    server.accept();
    const query = new URL(request.url).searchParams;
    server.send('last');
    if (query.has('code')) server.close(Number(query.get('code')), query.get('reason') ?? undefined);
    else server.close();
    return answer(client);
  },
  '/wrong-close'() {
    const [, server] = pair();
    server.accept();
    const tried = [[999], [5000], [1005], [1006], [1015], [undefined, 'why'], [1000, 'x'.repeat(124)]].map((args) => {
      try {
        server.close(...args);
        return 'closed';
      } catch (error) {
        return `${error.name}: ${error.message}`;
      }
    });
    server.close(1000);
    try {
      server.send('x');
    } catch (error) {
      tried.push(`${error.name}: ${error.message}`);
    }
    tried.push(server.readyState);
    server.close(1000);
    return Response.json(tried);
  },
  '/misuse'() {
    const tried = [];
    const attempt = (f) => {
      try {
        f();
        tried.push('fine');
      } catch (error) {
        tried.push(`${error.name}: ${error.message}`);
      }
    };
    const [a, b] = pair();
    attempt(() => a.send('x'));
    attempt(() => a.close());
    attempt(() => new Response(null, { status: 200, webSocket: a }));
    attempt(() => new Response(null, { status: 101 }));
    attempt(() => new Response(null, { status: 101, webSocket: {} }));
    attempt(() => new Response('body', { status: 101, webSocket: a }));
    attempt(() => new WebSocket('nonsense'));
    attempt(() => new WebSocket('http://localhost/'));
    attempt(() => new WebSocket('ws://localhost/#x'));
    attempt(() => new WebSocket('ws://localhost/', ['a', 'a']));
    attempt(() => b.accept());
    attempt(() => b.accept());
    attempt(() => new Response(null, { status: 101, webSocket: a }).clone());
    return Response.json(tried);
  },
  '/accepted-in-response'() {
    const [client] = pair();
    client.accept();
    return answer(client);
  },
  '/pair'(request, env, ctx) {
    // Both ends here: messages go through the node, not through the network.
    const [a, b] = pair();
    a.accept();
    b.accept();
    return new Promise((resolve) => {
      const seen = [];
      b.addEventListener('message', (event) => b.send(`${event.data}!`));
      b.addEventListener('close', (event) => b.close(event.code, event.reason));
      a.addEventListener('message', (event) => {
        seen.push(event.data);
        if (seen.length === 2) a.close(4001, 'done');
      });
      a.addEventListener('close', (event) => resolve(Response.json([seen, event.code, event.reason, event.wasClean, a.readyState, b.readyState])));
      a.send('one');
      a.send('two');
    });
  },
  // Lives on timers while the socket is open.
  '/ticks'() {
    const [client, server] = pair();
    server.accept();
    let n = 0;
    const timer = setInterval(() => {
      heard.push('tick');
      server.send(`tick ${++n}`);
    }, 20);
    server.addEventListener('close', () => {
      clearInterval(timer);
      server.close(1000);
    });
    return answer(client);
  },
  // A client of another server, joined to its caller by the platform.
  '/proxy'(request) {
    return fetch(new URL(request.url).searchParams.get('to'), { headers: { Upgrade: 'websocket', 'X-From': 'edge' } });
  },
  async '/client'(request) {
    const response = await fetch(new URL(request.url).searchParams.get('to'), { headers: { Upgrade: 'websocket' } });
    const socket = response.webSocket;
    if (!socket) return new Response(`no socket: ${response.status} ${await response.text()}`);
    socket.accept();
    const said = await new Promise((resolve) => {
      const seen = [];
      socket.addEventListener('message', ({ data }) => {
        seen.push(typeof data === 'string' ? data : `${data.byteLength} bytes`);
        if (seen.length === 2) socket.close(1000, 'enough');
      });
      socket.addEventListener('close', ({ code, reason, wasClean }) => resolve([...seen, code, reason, wasClean]));
      socket.send('hello');
      socket.send(new Uint8Array(70000));
    });
    return Response.json(said);
  },
  async '/constructed'(request) {
    const query = new URL(request.url).searchParams;
    const socket = new WebSocket(query.get('to'), query.has('protocol') ? query.getAll('protocol') : undefined);
    const states = [socket.readyState];
    return new Promise((resolve) => {
      const events = [];
      socket.onopen = () => {
        states.push(socket.readyState);
        events.push(`open ${socket.protocol}`);
        socket.send('hi');
      };
      socket.onmessage = ({ data }) => {
        events.push(data);
        socket.close(1000);
      };
      socket.onerror = ({ message }) => events.push(`error ${message}`);
      socket.onclose = ({ code, reason, wasClean }) => {
        states.push(socket.readyState);
        resolve(Response.json({ events, states, close: [code, reason, wasClean], url: socket.url }));
      };
    });
  },
  '/heard'() {
    return Response.json(heard);
  },
  '/room'(request, env) {
    return env.ROOMS.getByName(new URL(request.url).searchParams.get('name')).fetch(request);
  },
};

export default {
  fetch(request, env, ctx) {
    const route = routes[new URL(request.url).pathname];
    return route ? route(request, env, ctx) : new Response('?', { status: 404 });
  },
};

export class Room extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.instance = crypto.randomUUID();
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
  }
  async fetch(request) {
    const query = new URL(request.url).searchParams;
    if (request.headers.get('Upgrade') !== 'websocket') {
      return Response.json({ instance: this.instance, sockets: this.ctx.getWebSockets().length, tagged: this.ctx.getWebSockets(query.get('tag') ?? 'x').length });
    }
    const [client, server] = pair();
    if (query.has('standard')) {
      server.accept();
      server.addEventListener('message', ({ data }) => server.send(`standard ${data}`));
    } else {
      this.ctx.acceptWebSocket(server, query.getAll('tag'));
      server.serializeAttachment({ who: query.get('who'), seen: 0 });
    }
    return answer(client);
  }
  async webSocketMessage(ws, message) {
    if (message === 'throw') throw new Error('from the handler');
    if (message === 'reset') this.ctx.abort('asked to');
    const attachment = ws.deserializeAttachment();
    attachment.seen++;
    ws.serializeAttachment(attachment);
    if (message === 'who') {
      ws.send(JSON.stringify({ ...attachment, tags: this.ctx.getTags(ws), instance: this.instance, same: this.ctx.getWebSockets().includes(ws) }));
    } else if (message === 'stamp') {
      ws.send(String(this.ctx.getWebSocketAutoResponseTimestamp(ws)));
    } else if (message === 'close') {
      ws.close(4000, 'as asked');
    } else {
      const text = typeof message === 'string' ? message : `${message.byteLength} bytes`;
      for (const other of this.ctx.getWebSockets()) other.send(`${attachment.who}: ${text}`);
    }
  }
  async webSocketClose(ws, code, reason, wasClean) {
    const { who } = ws.deserializeAttachment();
    ws.close(code === 1005 || code === 1006 ? undefined : code, code === 1005 || code === 1006 ? undefined : reason);
    for (const other of this.ctx.getWebSockets()) {
      if (other !== ws) other.send(`${who} left: ${code} ${reason} ${wasClean}`);
    }
  }
  async webSocketError(ws, error) {
    const { who } = ws.deserializeAttachment();
    for (const other of this.ctx.getWebSockets()) {
      if (other !== ws) other.send(`${who} failed: ${error.message}`);
    }
  }
}
