import { AutoRouter, cors, error, html, json, status, StatusError, text, withContent, withCookies, withParams, type IRequest } from 'itty-router';

interface Env {
  GREETING: string;
}

const { preflight, corsify } = cors({ origin: ['https://a.example'], credentials: true, allowMethods: ['GET', 'POST'], maxAge: 60 });

const withUser = (request: IRequest) => {
  const name = request.headers.get('x-user');
  if (!name) return error(401, 'who are you?');
  request.user = { name };
};

const api = AutoRouter({ base: '/api' });
api
  .get('/things', () => [{ id: 1 }, { id: 2 }])
  .get('/things/:id', ({ id, query }) => ({ id, query }))
  .get('/things/:id/:rest+', ({ id, rest }) => ({ id, rest }))
  .post('/things', withContent, ({ content }) => json({ created: content }, { status: 201 }))
  .get('/private', withUser, ({ user }) => `hello ${user.name}`)
  .all('*', () => error(404, { message: 'no such thing', code: 'E404' }));

const router = AutoRouter<IRequest, [Env, ExecutionContext]>({
  catch: (caught: unknown) => {
    const failure = caught as StatusError & { details?: unknown };
    return error(failure.status ?? 500, { ...failure, message: failure.message });
  },
  missing: () => error(404, 'nothing here'),
});

interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void;
}

router
  .get('/', () => 'plain text becomes JSON')
  .get('/env', (_request, env, ctx) => ({ greeting: env.GREETING, waits: typeof ctx.waitUntil }))
  .get('/text', () => text('just text'))
  .get('/html', () => html('<p>html</p>'))
  .get('/status', () => status(204))
  .get('/number', () => 42)
  .get('/null', () => null as unknown as object)
  .get('/wild/*', ({ url }) => ({ path: new URL(url).pathname }))
  .get('/file/:name.:ext', ({ name, ext }) => ({ name, ext }))
  .get('/optional/:a?/:b?', ({ a, b }) => ({ a: a ?? null, b: b ?? null }))
  .get('/query', ({ query }) => query)
  .get('/cookies', withCookies, ({ cookies }) => cookies)
  .get('/params/:id', withParams, (request) => ({ id: request.id, params: request.params }))
  .post('/content', withContent, async ({ content }) => ({
    type: content instanceof FormData ? 'form' : typeof content,
    content: content instanceof FormData ? Object.fromEntries(content) : content,
  }))
  .get('/throw', () => {
    throw new StatusError(418, { tea: true, message: 'pot' });
  })
  .get('/crash', () => {
    throw new TypeError('crashed');
  })
  .get('/reject', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    throw new StatusError(409, 'conflict');
  })
  .put('/echo', async (request) => new Response(await request.text(), { headers: { 'content-type': 'text/x-echo' } }))
  .all('/api/*', api.fetch)
  .options('/cors', preflight)
  .get('/cors', (request) => corsify(json({ cors: true }), request));

export default { ...router };
