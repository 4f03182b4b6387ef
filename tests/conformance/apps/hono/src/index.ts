import { Hono } from 'hono';
import { basicAuth } from 'hono/basic-auth';
import { bearerAuth } from 'hono/bearer-auth';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { csrf } from 'hono/csrf';
import { etag } from 'hono/etag';
import { HTTPException } from 'hono/http-exception';
import { logger } from 'hono/logger';
import { poweredBy } from 'hono/powered-by';
import { prettyJSON } from 'hono/pretty-json';
import { secureHeaders } from 'hono/secure-headers';
import { trimTrailingSlash } from 'hono/trailing-slash';
import { bodies } from './bodies';
import { cookies } from './cookies';
import type { AppEnv } from './env';
import { pages } from './pages';
import { routing } from './routing';
import { streams } from './streams';

class TeapotError extends Error {
  override name = 'TeapotError';
  constructor(public readonly handle: string) {
    super(`short and stout, ${handle}`);
  }
}

const app = new Hono<AppEnv>();

app.use(logger((message, ...rest) => console.log(message, ...rest)));
app.use(poweredBy());
app.use('*', async (c, next) => {
  c.set('trace', ['first']);
  await next();
  c.get('trace').push('last');
  c.header('X-Trace', c.get('trace').join(','));
});

app.get('/', (c) => c.text('Hono!'));
app.route('/routing', routing);
app.route('/bodies', bodies);
app.route('/cookies', cookies);
app.route('/streams', streams);
app.route('/pages', pages);

// Environment and execution context.
app.get('/env', (c) => c.json({ greeting: c.env.GREETING, limits: c.env.LIMITS, keys: Object.keys(c.env).sort() }));
let background = 0;
app.get('/wait-until', (c) => {
  c.executionCtx.waitUntil(
    (async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      background++;
    })(),
  );
  return c.text('answered before the work is done');
});
app.get('/wait-until/done', async (c) => {
  for (let tries = 0; tries < 100 && background === 0; tries++) await new Promise((resolve) => setTimeout(resolve, 5));
  return c.json({ done: background > 0 });
});

// Middleware.
app.use('/cors/*', cors({ origin: ['https://a.example', 'https://b.example'], allowHeaders: ['X-Custom'], allowMethods: ['GET', 'PUT'], exposeHeaders: ['X-Trace'], maxAge: 600, credentials: true }));
app.get('/cors/data', (c) => c.json({ cors: true }));
app.use('/etag/*', etag());
app.get('/etag/page', (c) => c.text('the same every time'));
app.use('/secure/*', secureHeaders());
app.get('/secure/page', (c) => c.text('secure'));
app.use('/basic/*', basicAuth({ username: 'ada', password: 'lovelace' }));
app.get('/basic/page', (c) => c.text('you may'));
app.use('/bearer/*', bearerAuth({ token: 'tokentokentoken' }));
app.get('/bearer/page', (c) => c.text('you may too'));
app.use('/csrf/*', csrf({ origin: 'https://a.example' }));
app.post('/csrf/form', (c) => c.text('accepted'));
app.use('/limited/*', bodyLimit({ maxSize: 16, onError: (c) => c.text('too much', 413) }));
app.post('/limited/echo', async (c) => c.text(await c.req.text()));
app.get('/pretty', prettyJSON(), (c) => c.json({ list: [1, 2, { three: 3 }], text: 'é' }));
const trimmed = new Hono({ strict: true });
trimmed.use(trimTrailingSlash());
trimmed.get('/page', (c) => c.text('no slash'));
app.route('/trim', trimmed);
app.use('/onion/*', async (c, next) => {
  c.get('trace').push('a>');
  await next();
  c.get('trace').push('<a');
});
app.use('/onion/*', async (c, next) => {
  c.get('trace').push('b>');
  await next();
  c.get('trace').push('<b');
  c.res.headers.append('X-Onion', String(c.res.status));
});
app.get('/onion/core', (c) => {
  c.get('trace').push('core');
  return c.text('core');
});
app.get('/onion/early', (c) => c.body(null, 204));

// Errors.
app.get('/errors/plain', () => {
  throw new Error('broken on purpose');
});
app.get('/errors/async', async () => {
  await Promise.resolve();
  throw new TeapotError('handle');
});
app.get('/errors/http', () => {
  throw new HTTPException(403, { message: 'not you' });
});
app.get('/errors/response', () => {
  throw new HTTPException(401, { res: new Response('own response', { status: 401, headers: { 'WWW-Authenticate': 'Basic' } }) });
});
app.get('/errors/cause', () => {
  try {
    JSON.parse('{');
  } catch (cause) {
    throw new HTTPException(400, { message: 'bad input', cause });
  }
});
app.get('/errors/next', async (_c, next) => {
  await next();
});

app.onError((error, c) => {
  if (error instanceof HTTPException) {
    const cause = error.cause instanceof Error ? error.cause.name : null;
    if (error.res) return error.getResponse();
    return c.json({ http: error.status, message: error.message, cause }, error.status);
  }
  if (error instanceof TeapotError) return c.json({ teapot: error.handle, message: error.message, isError: error instanceof Error, text: String(error) }, 418);
  return c.json({ error: error.name, message: error.message }, 500);
});
app.notFound((c) => c.json({ missing: c.req.path, method: c.req.method }, 404));

export default app;
