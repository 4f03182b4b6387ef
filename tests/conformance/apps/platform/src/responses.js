// Cases about the response as it goes over the wire.
const bytes = (text) => new TextEncoder().encode(text);

export const responses = {
  empty: () => new Response(),
  emptyString: () => new Response(''),
  text: () => new Response('text'),
  latin: () => new Response('é', { headers: { 'content-type': 'text/plain' } }),
  binary: () => new Response(new Uint8Array([0, 255, 13, 10, 0])),
  json: () => Response.json({ a: 1 }),
  status: (request) => new Response(null, { status: Number(new URL(request.url).searchParams.get('code')) }),
  reason: () => new Response('x', { status: 418, statusText: "I'm a teapot" }),
  manyHeaders: () => new Response('x', { headers: [['X-B', '2'], ['x-a', '1'], ['X-B', '3'], ['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2'], ['Vary', 'x'], ['vary', 'y']] }),
  length: () => new Response('twelve bytes', { headers: { 'content-length': '12' } }),
  params: () => new Response(new URLSearchParams({ a: 'b c' })),
  redirect: () => Response.redirect('http://a.example/next', 303),
  stream: () => new Response(new ReadableStream({
    async start(controller) {
      for (const part of ['one ', 'two ', 'three']) {
        controller.enqueue(bytes(part));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      controller.close();
    },
  })),
  echo: (request) => new Response(request.body, { headers: { 'content-type': request.headers.get('content-type') ?? 'none/none' } }),
  transformed: (request) => new Response(request.body.pipeThrough(new TransformStream({
    transform: (chunk, controller) => controller.enqueue(chunk.map((byte) => (byte >= 97 && byte <= 122 ? byte - 32 : byte))),
  }))),
  method: (request) => new Response(`${request.method} ${request.url}`),
  headAware: () => new Response('body that HEAD must not send', { headers: { 'x-a': 'b' } }),
  inherited: () => new Response('x', new Response('y', { status: 202, headers: { 'x-from': 'other' } })),
  rethrow: () => { throw new Error('uncaught on purpose'); },
  reject: async () => { throw new TypeError('rejected on purpose'); },
  nothing: () => undefined,
  notAResponse: () => 'a string',
  forms: async (request) => {
    const form = await request.formData();
    return Response.json([...form].map(([name, value]) => [name, typeof value === 'string' ? value : { name: value.name, type: value.type, size: value.size }]));
  },
};
