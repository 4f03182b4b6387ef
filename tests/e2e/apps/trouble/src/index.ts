import { allocates, loops, neverSettles, recurses, throwsLater, throwsNow } from './faults';

let served = 0;

export default {
  async fetch(request: Request): Promise<Response> {
    switch (new URL(request.url).pathname) {
      case '/ping':
        return new Response(`pong ${++served}`);
      case '/throw':
        return throwsNow();
      case '/throw-later':
        return await throwsLater();
      case '/throw-string':
        throw 'only a string';
      case '/loop':
        return loops();
      case '/loop-in-catch':
        try {
          return loops();
        } catch {
          return new Response('caught the limit');
        }
      case '/recurse':
        return recurses();
      case '/recurse-caught':
        try {
          return recurses();
        } catch (error) {
          return new Response((error as Error).name);
        }
      case '/allocate':
        return allocates();
      case '/never':
        return await neverSettles();
      case '/loop-after-response':
        setTimeout(() => loops(), 1);
        return new Response('answered');
      case '/bad-stream':
        return new Response(
          new ReadableStream({
            async start(controller) {
              controller.enqueue(new TextEncoder().encode('first'));
              await new Promise((resolve) => setTimeout(resolve, 50));
              controller.error(new Error('inside the stream'));
            },
          }),
        );
      default:
        return new Response('no such trouble', { status: 404 });
    }
  },
};
