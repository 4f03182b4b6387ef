import { Hono } from 'hono';
import { stream, streamSSE, streamText } from 'hono/streaming';
import type { AppEnv } from './env';

export const streams = new Hono<AppEnv>();

streams.get('/stream', (c) =>
  stream(c, async (out) => {
    for (let index = 0; index < 5; index++) await out.write(new Uint8Array([65 + index, 10]));
  }),
);
streams.get('/text', (c) =>
  streamText(c, async (out) => {
    for (const word of ['one', 'two', 'three']) {
      await out.writeln(word);
      await out.sleep(1);
    }
    await out.write('end');
  }),
);
streams.get('/sse', (c) =>
  streamSSE(c, async (out) => {
    let id = 0;
    while (id < 3) {
      await out.writeSSE({ data: `line one\nline two ${id}`, event: 'tick', id: String(id++) });
      await out.sleep(1);
    }
  }),
);
streams.get('/pipe', (c) =>
  stream(c, async (out) => {
    const source = new ReadableStream({
      start(controller) {
        for (const part of ['from ', 'a ', 'pipe']) controller.enqueue(new TextEncoder().encode(part));
        controller.close();
      },
    });
    await out.pipe(source);
  }),
);
streams.get('/error', (c) =>
  stream(
    c,
    async (out) => {
      await out.write('before');
      throw new Error('inside');
    },
    async (error, out) => {
      await out.write(` caught ${error.message}`);
    },
  ),
);
streams.get('/large', (c) =>
  stream(c, async (out) => {
    const piece = 'x'.repeat(16_384);
    for (let index = 0; index < 32; index++) await out.write(piece);
  }),
);
streams.get('/generator', () => {
  async function* words(): AsyncGenerator<string> {
    for (const word of ['async ', 'generators ', 'work']) {
      await Promise.resolve();
      yield word;
    }
  }
  const iterator = words();
  const encoder = new TextEncoder();
  return new Response(
    new ReadableStream({
      async pull(controller) {
        const { value, done } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
    }),
  );
});
