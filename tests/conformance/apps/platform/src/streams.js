const outcome = async (promise) => {
  try {
    return await promise;
  } catch (error) {
    return error instanceof Error ? { name: error.name, message: error.message } : { thrown: error };
  }
};
const bytes = (text) => new TextEncoder().encode(text);

export const streams = {
  read: async () => {
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue('a');
        controller.enqueue({ b: 1 });
        controller.close();
      },
    });
    const reader = stream.getReader();
    const seen = [await reader.read(), await reader.read(), await reader.read()];
    await reader.closed;
    return { seen, locked: stream.locked };
  },
  pull: async () => {
    const trace = [];
    let count = 0;
    const stream = new ReadableStream(
      {
        pull(controller) {
          trace.push(`pull ${controller.desiredSize}`);
          controller.enqueue(count++);
          if (count === 3) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    for await (const value of stream) trace.push(`value ${value}`);
    return trace;
  },
  cancel: async () => {
    let reason;
    const stream = new ReadableStream({ cancel: (given) => (reason = given) });
    await stream.cancel('enough');
    return { reason, after: await stream.getReader().read() };
  },
  error: async () => {
    const stream = new ReadableStream({ start: (controller) => controller.error(new RangeError('broken')) });
    const reader = stream.getReader();
    return [await outcome(reader.read()), await outcome(reader.closed)];
  },
  startThrows: () => outcome((async () => new ReadableStream({ start() { throw new TypeError('at once'); } }))()),
  pullRejects: async () => outcome(new ReadableStream({ pull: async () => { throw new Error('in pull'); } }).getReader().read()),
  locked: async () => {
    const stream = new ReadableStream();
    const reader = stream.getReader();
    const twice = await outcome((async () => stream.getReader())());
    const cancel = await outcome(stream.cancel());
    reader.releaseLock();
    return { twice, cancel, locked: stream.locked, again: stream.getReader() instanceof ReadableStreamDefaultReader };
  },
  tee: async () => {
    const [left, right] = new Response('tee me').body.tee();
    return [await new Response(left).text(), await new Response(right).text()];
  },
  asyncIteration: async () => {
    const seen = [];
    const decoder = new TextDecoder();
    for await (const chunk of new Response('iterate').body) seen.push(chunk instanceof Uint8Array, decoder.decode(chunk));
    return seen;
  },
  from: async () => {
    if (!ReadableStream.from) return 'no ReadableStream.from';
    const seen = [];
    for await (const value of ReadableStream.from(['x', Promise.resolve('y')])) seen.push(value);
    return seen;
  },
  transform: async () => {
    const upper = new TransformStream({
      transform: (chunk, controller) => controller.enqueue(chunk.toUpperCase()),
      flush: (controller) => controller.enqueue('!'),
    });
    const writer = upper.writable.getWriter();
    writer.write('a');
    writer.write('b');
    writer.close();
    const seen = [];
    for await (const value of upper.readable) seen.push(value);
    return seen;
  },
  identity: async () => {
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    const writes = (async () => {
      await writer.write(bytes('through '));
      await writer.write(bytes('and through'));
      await writer.close();
    })();
    const text = await new Response(readable).text();
    await writes;
    return text;
  },
  pipeThrough: async () => {
    const source = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes('pipe '));
        controller.enqueue(bytes('dream'));
        controller.close();
      },
    });
    const seen = [];
    for await (const value of source.pipeThrough(new TextDecoderStream()).pipeThrough(new TransformStream({ transform: (chunk, c) => c.enqueue(`<${chunk}>`) }))) seen.push(value);
    return seen;
  },
  pipeTo: async () => {
    const seen = [];
    const source = new ReadableStream({
      start(controller) {
        for (const value of [1, 2, 3]) controller.enqueue(value);
        controller.close();
      },
    });
    await source.pipeTo(new WritableStream({ write: (value) => void seen.push(value), close: () => void seen.push('closed') }));
    return seen;
  },
  pipeToError: async () => {
    const seen = [];
    const source = new ReadableStream({ start: (controller) => controller.error(new Error('source')) });
    const result = await outcome(source.pipeTo(new WritableStream({ abort: (reason) => void seen.push(`abort ${reason.message}`) })));
    return { result, seen };
  },
  writer: async () => {
    const seen = [];
    const stream = new WritableStream({ write: (value) => void seen.push(value), close: () => void seen.push('close') }, { highWaterMark: 2 });
    const writer = stream.getWriter();
    const sizes = [writer.desiredSize];
    writer.write('x');
    sizes.push(writer.desiredSize);
    await writer.ready;
    await writer.close();
    return { seen, sizes, after: await outcome(writer.write('late')) };
  },
  abort: async () => {
    let reason;
    const stream = new WritableStream({ abort: (given) => void (reason = given) });
    const writer = stream.getWriter();
    await writer.abort('stop');
    return { reason, closed: await outcome(writer.closed) };
  },
  textEncoderStream: async () => {
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue('é');
        controller.enqueue('✓');
        controller.close();
      },
    }).pipeThrough(new TextEncoderStream());
    const seen = [];
    for await (const value of stream) seen.push([...value]);
    return seen;
  },
  incoming: async (request) => {
    let total = 0;
    for await (const chunk of request.body) total += chunk.byteLength;
    return { total, used: request.bodyUsed };
  },
};
