// WebSockets inside of one object: two ends of a pair, what is refused, what a failing listener does.
const message = async (run) => {
  try {
    return await run();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
const pair = () => {
  const [a, b] = Object.values(new WebSocketPair());
  a.accept();
  b.accept();
  return [a, b];
};
const listen = (socket, events = []) => {
  socket.addEventListener('message', (event) => events.push(event.data));
  socket.addEventListener('close', (event) => events.push([event.code, event.reason, event.wasClean]));
  return events;
};
const later = () => scheduler.wait(20);

export const sockets = {
  talk: async () => {
    const [a, b] = pair();
    const heard = listen(b);
    a.send('text');
    a.send(new Uint8Array([1, 2, 3]).subarray(1));
    a.send(new DataView(new ArrayBuffer(3)));
    a.send(5);
    a.send('');
    await later();
    return heard;
  },
  beforeAccept: async () => {
    const [a, b] = Object.values(new WebSocketPair());
    const refused = await message(() => a.send('x'));
    a.accept();
    a.send('early');
    const heard = listen(b);
    b.accept();
    await later();
    return [refused, heard];
  },
  closes: async () => {
    const [a, b] = pair();
    const [atA, atB] = [listen(a), listen(b)];
    a.close(3001, 'going');
    const states = [a.readyState, b.readyState];
    await later();
    states.push(a.readyState, b.readyState);
    b.close(3002, 'too');
    await later();
    return [atA, atB, states, a.readyState, b.readyState, await message(() => a.send('x'))];
  },
  closeCodes: async () => {
    const [a] = pair();
    const out = [];
    for (const code of [999, 1004, 1005, 1006, 1015, 5000, 'x']) out.push(await message(() => a.close(code)));
    return [...out, await message(() => a.close(undefined, 'why')), a.readyState, await message(() => a.close(1000)), await message(() => a.close(7))];
  },
  closeUnaccepted: async () => {
    const [a] = Object.values(new WebSocketPair());
    return [await message(() => a.close(7)), await message(() => a.close(1000))];
  },
  sendNothing: () => message(() => pair()[0].send()),
  listenerThrows: async () => {
    const [a, b] = pair();
    const events = [];
    b.addEventListener('message', (event) => {
      events.push(event.data);
      throw new RangeError('not this one');
    });
    b.addEventListener('message', () => events.push('a second listener'));
    b.addEventListener('error', (event) => events.push([event.message, event.error.name]));
    const atA = listen(a);
    a.send('one');
    a.send('two');
    await later();
    return [events, b.readyState, atA, await message(() => b.send('x')), await message(() => b.close(1000))];
  },
  autoResponse: async (s, ctx) => [
    await message(() => ctx.setWebSocketAutoResponse('ping')),
    await message(() => new WebSocketRequestResponsePair('ping')),
    await message(() => new WebSocketRequestResponsePair(1, 2).response),
  ],
  attachments: async (s, ctx) => {
    const [a] = Object.values(new WebSocketPair());
    const before = a.deserializeAttachment();
    ctx.acceptWebSocket(a, ['x', 'x', 'y']);
    a.serializeAttachment({ map: new Map([[1, 2]]) });
    return [before, a.deserializeAttachment(), ctx.getTags(a), ctx.getWebSockets('y').length, ctx.getWebSockets('z').length, await message(() => a.serializeAttachment())];
  },
};
