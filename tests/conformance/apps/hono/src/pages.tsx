import { Hono } from 'hono';
import { html, raw } from 'hono/html';
import { jsxRenderer } from 'hono/jsx-renderer';
import type { FC, PropsWithChildren } from 'hono/jsx';
import type { AppEnv } from './env';

const Layout: FC<PropsWithChildren<{ title: string }>> = ({ title, children }) => (
  <html lang="en">
    <head>
      <title>{title}</title>
    </head>
    <body class="page">{children}</body>
  </html>
);

const Item: FC<{ name: string; count?: number }> = ({ name, count = 0 }) => (
  <li data-count={count} hidden={count === 0}>
    {name}
    {count > 1 && <b>x{count}</b>}
  </li>
);

const Slow: FC = async () => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  return <p>came later</p>;
};

export const pages = new Hono<AppEnv>();

pages.get('/jsx', (c) =>
  c.html(
    <Layout title={'<Escaped> & "quoted"'}>
      <ul>
        {['one', 'two', 'three'].map((name, index) => (
          <Item name={name} count={index} />
        ))}
      </ul>
      <input type="checkbox" checked disabled={false} value={'"'} />
      <div style={{ color: 'red', fontSize: '12px' }} dangerouslySetInnerHTML={{ __html: '<i>raw</i>' }} />
      <>
        {null}
        {undefined}
        {false}
        {0}
        {'fragment'}
      </>
    </Layout>,
  ),
);
pages.get('/async', (c) =>
  c.html(
    <Layout title="async">
      <Slow />
    </Layout>,
  ),
);
pages.get('/html/:name', (c) => {
  const name = c.req.param('name');
  return c.html(html`<h1>Hello ${name}! ${raw('<em>raw</em>')}</h1>${[1, 2, 3].map((n) => html`<li>${n}</li>`)}`);
});
pages.use('/rendered/*', jsxRenderer(({ children, title }) => <Layout title={title ?? 'none'}>{children}</Layout>));
pages.get('/rendered/page', (c) => c.render(<p>rendered</p>, { title: 'by the renderer' } as never));
