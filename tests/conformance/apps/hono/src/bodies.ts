import { Hono } from 'hono';
import { validator } from 'hono/validator';
import type { AppEnv } from './env';

export const bodies = new Hono<AppEnv>();

bodies.post('/json', async (c) => {
  const value = await c.req.json();
  return c.json({ type: Array.isArray(value) ? 'array' : typeof value, value });
});
bodies.post('/text', async (c) => {
  const text = await c.req.text();
  return c.json({ length: text.length, text, again: (await c.req.text()) === text });
});
bodies.post('/bytes', async (c) => {
  const bytes = new Uint8Array(await c.req.arrayBuffer());
  return c.body(bytes.reverse(), 200, { 'Content-Type': 'application/octet-stream' });
});
bodies.post('/form', async (c) => {
  const form = await c.req.parseBody({ all: true });
  const described: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(form)) {
    described[name] = value instanceof File ? { file: value.name, type: value.type, size: value.size, text: await value.text() } : value;
  }
  return c.json(described);
});
bodies.post('/form/dots', async (c) => c.json(await c.req.parseBody({ dot: true })));
bodies.post('/form/data', async (c) => {
  const form = await c.req.formData();
  return c.json([...form.entries()].map(([name, value]) => [name, typeof value === 'string' ? value : `file ${value.name}`]));
});
bodies.post('/echo', (c) => c.body(c.req.raw.body, 200, { 'Content-Type': c.req.header('content-type') ?? 'none/given' }));
bodies.put('/blob', async (c) => {
  const blob = await c.req.blob();
  return c.json({ size: blob.size, type: blob.type, head: await blob.slice(0, 4).text() });
});

bodies.post(
  '/validated',
  validator('json', (value, c) => {
    if (typeof value.title !== 'string' || value.title.length === 0) return c.json({ invalid: 'title' }, 422);
    return { title: value.title.trim(), tags: (value.tags ?? []) as string[] };
  }),
  (c) => {
    const { title, tags } = c.req.valid('json');
    return c.json({ title, tags: tags.map((tag) => tag.toUpperCase()) }, 201);
  },
);
bodies.get(
  '/validated/:id',
  validator('query', (value) => ({ page: Number(value.page ?? '1') })),
  validator('param', (value) => ({ id: value.id! })),
  validator('header', (value) => ({ language: value['accept-language'] ?? 'none' })),
  (c) => c.json({ ...c.req.valid('query'), ...c.req.valid('param'), ...c.req.valid('header') }),
);
bodies.post(
  '/validated/form',
  validator('form', (value, c) => (value.ok === 'yes' ? { ok: true, value } : c.text('form refused', 400))),
  (c) => c.json(c.req.valid('form')),
);

bodies.get('/json/big', (c) =>
  c.json(Array.from({ length: 200 }, (_, index) => ({ id: index, name: `name ${index}`, ratio: index / 7, flags: { even: index % 2 === 0, text: 'é✓😀' } }))),
);
bodies.get('/json/odd', (c) =>
  c.json({ undefined: undefined, nothing: null, nan: NaN, infinity: -Infinity, zero: -0, date: new Date(0), nested: { toJSON: () => 'from toJSON' }, list: [undefined, () => 1], lone: '\ud800', big: 1e21, small: 1e-7 }),
);
