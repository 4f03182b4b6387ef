// Talks to the server on the port ?origin=.
export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    const origin = `http://127.0.0.1:${url.searchParams.get('origin')}`;
    switch (url.pathname) {
      case '/pass':
        return fetch(origin + url.searchParams.get('path'), request);
      case '/read': {
        const response = await fetch(origin + url.searchParams.get('path'));
        return new Response(`${response.status} ${(await response.text()).length}`);
      }
      case '/many': {
        const all = [];
        for (let index = 0; index < 20; index++) all.push(fetch(`${origin}/slow?ms=100`).then((response) => response.text()));
        return new Response((await Promise.all(all)).join(''));
      }
      case '/timeout':
        try {
          await fetch(`${origin}/hang`, {signal: AbortSignal.timeout(100)});
        } catch (error) {
          return new Response(`${error.name}: ${error.message}`);
        }
        return new Response('no error');
      case '/leave':
        request.signal.addEventListener('abort', () => console.log('the signal fired'));
        if (url.searchParams.has('late')) {
          ctx.waitUntil(scheduler.wait(600).then(() => fetch(`${origin}/late`)).then((response) => console.log(`late work got ${response.status}`)));
        }
        console.log('waiting');
        await fetch(`${origin}/hang`);
        console.log('the handler went on');
        return new Response('unseen');
      default:
        return new Response('nothing here', {status: 404});
    }
  },
};
