// A router, a middleware and a route with a parameter.
import { Hono } from 'hono';

const app = new Hono();

app.use('*', async (c, next) => {
  await next();
  c.header('X-Powered-By', 'Hono');
});
app.get('/', (c) => c.text('Hono!'));
app.get('/json', (c) => c.json({ ok: true, items: [1, 2, 3] }));
app.get('/users/:id/posts/:post', (c) => c.json({ user: c.req.param('id'), post: c.req.param('post'), query: c.req.query('q') ?? null }));
app.notFound((c) => c.text('nothing here', 404));

export default app;
