import { Hono } from 'hono';
import type { AppEnv } from './env';

export const routing = new Hono<AppEnv>();

routing.get('/param/:id', (c) => c.text(`id=${c.req.param('id')}`));
routing.get('/two/:first/sep/:second', (c) => c.json(c.req.param()));
routing.get('/optional/:name?', (c) => c.text(`name=${c.req.param('name') ?? 'nobody'}`));
routing.get('/number/:id{[0-9]+}', (c) => c.text(`number ${c.req.param('id')}`));
routing.get('/number/:id{[a-z]+}', (c) => c.text(`word ${c.req.param('id')}`));
routing.get('/file/:path{.+\\.png}', (c) => c.text(`picture ${c.req.param('path')}`));
routing.get('/date/:date{\\d{4}-\\d{2}-\\d{2}}', (c) => c.json({ date: c.req.param('date') }));
routing.get('/wild/*', (c) => c.text(`wild ${c.req.path}`));
routing.get('/wild/*/deep', (c) => c.text('never first'));
routing.all('/any', (c) => c.text(`${c.req.method} any`));
routing.on(['PUT', 'DELETE', 'PURGE'], ['/on/a', '/on/b'], (c) => c.text(`${c.req.method} ${c.req.path}`));
routing.patch('/patch', (c) => c.text('patched'));
routing.options('/options', (c) => c.body(null, 204, { Allow: 'OPTIONS, GET' }));

routing.get('/query', (c) =>
  c.json({ q: c.req.query('q'), all: c.req.query(), tags: c.req.queries('tag') ?? null, url: c.req.url, path: c.req.path, matched: c.req.routePath }),
);
routing.get('/headers', (c) => c.json({ one: c.req.header('X-One'), agent: c.req.header('user-agent') ?? null, all: c.req.header() }));
routing.get('/redirect', (c) => c.redirect('/routing/any'));
routing.get('/redirect/permanent', (c) => c.redirect('https://example.com/a?b=c#d', 301));
routing.get('/status', (c) => {
  c.status(202);
  c.header('X-One', '1');
  c.header('X-Many', 'a');
  c.header('X-Many', 'b', { append: true });
  c.header('X-Gone', 'x');
  c.header('X-Gone', undefined);
  return c.body('accepted');
});
routing.get('/raw', () => new Response('raw', { status: 299, statusText: 'Odd', headers: [['X-Raw', '1'], ['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2']] }));
routing.get('/empty', (c) => c.body(null));
routing.get('/method-and-next', async (c, next) => {
  c.header('X-Before', 'yes');
  await next();
}, (c) => c.text('second handler'));

const nested = new Hono<AppEnv>();
nested.get('/', (c) => c.text('list'));
nested.get('/:id', (c) => c.text(`item ${c.req.param('id')}`));
nested.post('/', async (c) => c.json({ created: await c.req.json() }, 201));
routing.route('/books/:shelf/items', nested);

const based = new Hono<AppEnv>().basePath('/v1');
based.get('/ping', (c) => c.text('pong'));
routing.route('/api', based);

routing.mount('/mounted', (request: Request) => new Response(`mounted ${new URL(request.url).pathname}`));
