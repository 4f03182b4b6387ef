const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    switch (url.pathname) {
      case '/':
        return new Response('hello');
      case '/text':
        return new Response(`got ${(await request.text()).length}`);
      case '/echo':
        return new Response(request.body);
      case '/echo-through-js':
        return new Response(request.body.pipeThrough(new TransformStream({ transform: (chunk, controller) => controller.enqueue(chunk.slice()) })));
      case '/ignore-body':
        return new Response('not read');
      case '/slow':
        await wait(Number(url.searchParams.get('ms')));
        return new Response('slow but sure');
      case '/wait-until':
        ctx.waitUntil(wait(300).then(() => console.log('waitUntil finished')));
        return new Response('early');
      case '/endless': {
        const piece = new Uint8Array(16384).fill(97);
        return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(piece.slice()) }));
      }
      case '/trickle':
        return new Response(new ReadableStream({
          async start(controller) {
            for (let index = 0; index < 5; index++) {
              controller.enqueue(new TextEncoder().encode(`${index}\n`));
              await wait(50);
            }
            controller.close();
          },
        }));
      default:
        return new Response('nothing here', { status: 404 });
    }
  },
};
