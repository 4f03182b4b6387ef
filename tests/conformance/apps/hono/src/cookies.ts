import { Hono } from 'hono';
import { deleteCookie, getCookie, getSignedCookie, setCookie, setSignedCookie } from 'hono/cookie';
import type { AppEnv } from './env';

const SECRET = 'conformance secret';

export const cookies = new Hono<AppEnv>();

cookies.get('/all', (c) => c.json(getCookie(c)));
cookies.get('/one', (c) => c.json({ a: getCookie(c, 'a') ?? null, secure: getCookie(c, 'token', 'secure') ?? null }));
cookies.get('/set', (c) => {
  setCookie(c, 'plain', 'value');
  setCookie(c, 'rich', 'with space & é', { path: '/cookies', secure: true, httpOnly: true, sameSite: 'Strict', maxAge: 1000, domain: 'example.test', expires: new Date(Date.UTC(2020, 11, 24, 10, 30, 59)) });
  setCookie(c, 'token', 't', { prefix: 'secure' });
  setCookie(c, 'host', 'h', { prefix: 'host' });
  return c.text('set');
});
cookies.get('/delete', (c) => {
  const old = deleteCookie(c, 'a');
  return c.text(`deleted ${old}`);
});
cookies.get('/signed/set', async (c) => {
  await setSignedCookie(c, 'signed', 'value', SECRET, { path: '/' });
  return c.text('signed');
});
cookies.get('/signed/get', async (c) => c.json({ signed: (await getSignedCookie(c, SECRET, 'signed')) ?? null }));
