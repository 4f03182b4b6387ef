// GET /GROUP/CASE runs one case and answers what it returned, or the error it threw, as JSON. The few other paths are about whole responses.
import { bodies } from './bodies.js';
import { events } from './events.js';
import { headers } from './headers.js';
import { language } from './language.js';
import { order } from './order.js';
import { responses } from './responses.js';
import { streams } from './streams.js';
import { text } from './text.js';
import { urls } from './urls.js';

const groups = { headers, urls, bodies, text, streams, events, order, language };

// What JSON cannot say.
function describe(value) {
  if (value === undefined) return { undefined: true };
  if (typeof value === 'number' && !Number.isFinite(value)) return { number: String(value) };
  if (value instanceof Error) return { error: value.name, message: value.message };
  if (value instanceof ArrayBuffer) return { bytes: [...new Uint8Array(value)] };
  if (ArrayBuffer.isView(value)) return { bytes: [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)] };
  if (value instanceof Map) return { map: [...value].map(([k, v]) => [describe(k), describe(v)]) };
  if (value instanceof Set) return { set: [...value].map(describe) };
  if (value instanceof Date) return { date: value.toISOString() };
  if (value instanceof RegExp) return { regexp: String(value) };
  if (Array.isArray(value)) return value.map(describe);
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, describe(v)]));
  if (typeof value === 'function') return { function: value.name };
  return value;
}

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    const [, group, name] = pathname.split('/');
    if (group === 'responses') return responses[name](request, env, ctx);
    const found = groups[group]?.[name];
    if (!found) return new Response('no such case\n', { status: 404 });
    let result;
    try {
      result = { value: describe(await found(request, env, ctx)) };
    } catch (error) {
      result = { threw: error instanceof Error ? error.name : describe(error), message: error?.message };
    }
    return new Response(JSON.stringify(result, null, 1) + '\n', { headers: { 'content-type': 'application/json' } });
  },
};
