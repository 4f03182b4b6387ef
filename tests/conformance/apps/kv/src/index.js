// KV, case by case: /SECTION/NAME answers with what came of it. Each case has keys of its own; time shows only as a distance.
const seconds = () => Math.floor(Date.now() / 1000);
// Whether an expiration is so far ahead, give or take what a case may last.
const ahead = (expiration, distance) => (Math.abs(expiration - seconds() - distance) <= 20 ? `${distance} s ahead` : expiration);
const text = (bytes) => new TextDecoder().decode(bytes);
const bytes = (string) => new TextEncoder().encode(string);
const streamOf = (...pieces) => new Blob(pieces).stream();
const entries = (map) => (map instanceof Map ? [...map] : `no Map: ${map}`);
async function told(call) {
  try {
    const value = await call();
    return value === undefined ? 'undefined' : value;
  } catch (error) { return `${error.name}: ${error.message}`; }
}
async function fill(kv, prefix, count, options) {
  for (let i = 0; i < count; i++) await kv.put(`${prefix}${String(i).padStart(3, '0')}`, `value ${i}`, options);
}
const names = (page) => page.keys.map(({ name }) => name);
// All pages: the names of each, and whether what says that there is more agrees.
async function pages(kv, options) {
  const all = [];
  let cursor;
  do {
    const page = await kv.list({ ...options, cursor });
    all.push([...names(page), page.list_complete, 'cursor' in page]);
    cursor = page.cursor;
  } while (cursor && all.length < 20);
  return all;
}

const get = {
  absent: ({ KV }) => told(() => KV.get('get-absent')),
  defaultIsText: async ({ KV }) => (await KV.put('get-default', 'héllo ✓'), KV.get('get-default')),
  text: async ({ KV }) => (await KV.put('get-text', '1'), [await KV.get('get-text', 'text'), await KV.get('get-text', { type: 'text' })]),
  json: async ({ KV }) => (await KV.put('get-json', '{"a":[1,null,"x"]}'), [await KV.get('get-json', 'json'), await KV.get('get-json', { type: 'json' })]),
  jsonNull: async ({ KV }) => (await KV.put('get-json-null', 'null'), KV.get('get-json-null', 'json')),
  jsonAbsent: ({ KV }) => told(() => KV.get('get-json-absent', 'json')),
  jsonOfText: async ({ KV }) => (await KV.put('get-json-text', 'no json'), (await told(() => KV.get('get-json-text', 'json'))).split(':')[0]),
  jsonOfNothing: async ({ KV }) => (await KV.put('get-json-empty', ''), (await told(() => KV.get('get-json-empty', 'json'))).split(':')[0]),
  arrayBuffer: async ({ KV }) => {
    await KV.put('get-buffer', new Uint8Array([0, 255, 1, 254]));
    const found = await KV.get('get-buffer', 'arrayBuffer');
    return [Object.prototype.toString.call(found), [...new Uint8Array(found)]];
  },
  arrayBufferAbsent: ({ KV }) => told(() => KV.get('get-buffer-absent', 'arrayBuffer')),
  stream: async ({ KV }) => {
    await KV.put('get-stream', 'a stream');
    const found = await KV.get('get-stream', { type: 'stream' });
    return [found instanceof ReadableStream, await new Response(found).text()];
  },
  streamAbsent: ({ KV }) => told(() => KV.get('get-stream-absent', 'stream')),
  streamAsBody: async ({ KV }) => (await KV.put('get-stream-body', 'a body'), new Response(await KV.get('get-stream-body', 'stream'))),
  notUtf8AsText: async ({ KV }) => (await KV.put('get-bad-text', new Uint8Array([104, 255, 105])), KV.get('get-bad-text')),
  byteOrderMark: async ({ KV }) => (await KV.put('get-bom', new Uint8Array([0xef, 0xbb, 0xbf, 65])), [(await KV.get('get-bom')).length]),
  emptyValue: async ({ KV }) => (await KV.put('get-empty', ''), [await KV.get('get-empty'), (await KV.get('get-empty', 'arrayBuffer')).byteLength]),
  unknownType: async ({ KV }) => (await KV.put('get-unknown', 'x'), told(() => KV.get('get-unknown', 'xml'))),
  unknownTypeAbsent: ({ KV }) => told(() => KV.get('get-unknown-absent', 'xml')),
  unknownTypeOption: async ({ KV }) => (await KV.put('get-unknown-option', 'x'), told(() => KV.get('get-unknown-option', { type: 'blob' }))),
  typeUndefined: async ({ KV }) => (await KV.put('get-type-undefined', 'x'), KV.get('get-type-undefined', { type: undefined })),
  optionsNull: async ({ KV }) => (await KV.put('get-options-null', 'x'), told(() => KV.get('get-options-null', null))),
  optionsNumber: async ({ KV }) => (await KV.put('get-options-number', 'x'), told(() => KV.get('get-options-number', 7))),
  noArguments: ({ KV }) => told(() => KV.get()),
  emptyKey: ({ KV }) => told(() => KV.get('')),
  dotKey: ({ KV }) => told(() => KV.get('.')),
  dotsKey: ({ KV }) => told(() => KV.get('..')),
  threeDotsKey: ({ KV }) => told(() => KV.get('...')),
  undefinedKey: ({ KV }) => told(() => KV.get(undefined)),
  numberKey: async ({ KV }) => (await KV.put('get-7', 'x'), told(() => KV.get({ toString: () => 'get-7' }))),
  longKey: ({ KV }) => told(() => KV.get('k'.repeat(513))),
  longestKey: async ({ KV }) => (await KV.put('k'.repeat(512), 'long'), KV.get('k'.repeat(512))),
  longKeyUtf8: ({ KV }) => told(() => KV.get('é'.repeat(257))),
  strangeKeys: async ({ KV }) => {
    const keys = ['get a/b', 'get?a=b&c', 'get#frag', 'get%20x', 'get+plus', 'get é✓😀', 'get\nline', 'get "quoted"', '/get', 'get/../x'];
    for (const key of keys) await KV.put(key, `value of ${key}`);
    return Promise.all(keys.map((key) => KV.get(key)));
  },
  cacheTtl: async ({ KV }) => (await KV.put('get-ttl', 'x'), [await KV.get('get-ttl', { cacheTtl: 30 }), await KV.get('get-ttl', { cacheTtl: 3600 })]),
  cacheTtlSmall: ({ KV }) => told(() => KV.get('get-ttl-small', { cacheTtl: 29 })),
  cacheTtlZero: ({ KV }) => told(() => KV.get('get-ttl-zero', { cacheTtl: 0 })),
  cacheTtlNegative: ({ KV }) => told(() => KV.get('get-ttl-negative', { cacheTtl: -1 })),
  cacheTtlText: ({ KV }) => told(() => KV.get('get-ttl-text', { cacheTtl: 'soon' })),
  namespacesDiffer: async ({ KV, OTHER }) => (await KV.put('get-differ', 'here'), [await KV.get('get-differ'), await OTHER.get('get-differ')]),
};

const many = {
  text: async ({ KV }) => {
    await KV.put('many-a', '1');
    await KV.put('many-b', '2');
    return entries(await KV.get(['many-b', 'many-none', 'many-a']));
  },
  json: async ({ KV }) => {
    await KV.put('many-json-a', '{"x":1}');
    await KV.put('many-json-b', '[2]');
    return entries(await KV.get(['many-json-a', 'many-json-b', 'many-json-none'], 'json'));
  },
  jsonOption: async ({ KV }) => (await KV.put('many-json-option', '3'), entries(await KV.get(['many-json-option'], { type: 'json' }))),
  jsonOfText: async ({ KV }) => (await KV.put('many-no-json', 'no'), told(() => KV.get(['many-no-json'], 'json'))),
  repeated: async ({ KV }) => (await KV.put('many-twice', '1'), entries(await KV.get(['many-twice', 'many-twice']))),
  none: ({ KV }) => told(() => KV.get([])),
  hundred: async ({ KV }) => (await KV.get(Array.from({ length: 100 }, (_, i) => `many-${i}`))).size,
  hundredAndOne: ({ KV }) => told(() => KV.get(Array.from({ length: 101 }, (_, i) => `many-${i}`))),
  arrayBuffer: ({ KV }) => told(() => KV.get(['many-a'], 'arrayBuffer')),
  stream: ({ KV }) => told(() => KV.get(['many-a'], { type: 'stream' })),
  emptyKey: ({ KV }) => told(() => KV.get(['many-a', ''])),
  dotKey: ({ KV }) => told(() => KV.get(['many-a', '.'])),
  longKey: ({ KV }) => told(() => KV.get(['k'.repeat(513)])),
  cacheTtlSmall: ({ KV }) => told(() => KV.get(['many-a'], { cacheTtl: 29 })),
  withMetadata: async ({ KV }) => {
    await KV.put('many-meta-a', '1', { metadata: { m: [1] } });
    await KV.put('many-meta-b', '2');
    return entries(await KV.getWithMetadata(['many-meta-a', 'many-meta-b', 'many-meta-none']));
  },
  withMetadataJson: async ({ KV }) => (await KV.put('many-meta-json', '{"v":1}', { metadata: 'm' }), entries(await KV.getWithMetadata(['many-meta-json'], 'json'))),
  tooMuch: async ({ KV }) => {
    const keys = ['many-big-0', 'many-big-1'];
    for (const key of keys) await KV.put(key, 'x'.repeat(13 * 1024 * 1024));
    return told(async () => (await KV.get(keys)).size);
  },
};

const metadata = {
  object: async ({ KV }) => (await KV.put('meta-object', 'v', { metadata: { a: [1, null], b: 'é' } }), KV.getWithMetadata('meta-object')),
  text: async ({ KV }) => (await KV.put('meta-text', 'v', { metadata: 'note' }), KV.getWithMetadata('meta-text')),
  zero: async ({ KV }) => (await KV.put('meta-zero', 'v', { metadata: 0 }), KV.getWithMetadata('meta-zero')),
  falsy: async ({ KV }) => (await KV.put('meta-false', 'v', { metadata: false }), KV.getWithMetadata('meta-false')),
  nothing: async ({ KV }) => (await KV.put('meta-null', 'v', { metadata: null }), KV.getWithMetadata('meta-null')),
  notGiven: async ({ KV }) => (await KV.put('meta-none', 'v'), KV.getWithMetadata('meta-none')),
  absent: ({ KV }) => KV.getWithMetadata('meta-absent'),
  replaced: async ({ KV }) => (await KV.put('meta-replaced', 'v', { metadata: 1 }), await KV.put('meta-replaced', 'w'), KV.getWithMetadata('meta-replaced')),
  withJson: async ({ KV }) => (await KV.put('meta-json', '[1]', { metadata: { m: 1 } }), KV.getWithMetadata('meta-json', 'json')),
  withBuffer: async ({ KV }) => {
    await KV.put('meta-buffer', 'abc', { metadata: { m: 1 } });
    const { value, metadata: found } = await KV.getWithMetadata('meta-buffer', { type: 'arrayBuffer' });
    return [text(value), found];
  },
  withStream: async ({ KV }) => {
    await KV.put('meta-stream', 'abc', { metadata: { m: 1 } });
    const { value, metadata: found } = await KV.getWithMetadata('meta-stream', 'stream');
    return [await new Response(value).text(), found];
  },
  longest: async ({ KV }) => (await KV.put('meta-longest', 'v', { metadata: 'x'.repeat(1022) }), (await KV.getWithMetadata('meta-longest')).metadata.length),
  tooLong: ({ KV }) => told(() => KV.put('meta-too-long', 'v', { metadata: 'x'.repeat(1023) })),
  tooLongUtf8: ({ KV }) => told(() => KV.put('meta-too-long', 'v', { metadata: 'é'.repeat(600) })),
  circular: ({ KV }) => {
    const loop = {};
    loop.loop = loop;
    return told(async () => KV.put('meta-circular', 'v', { metadata: loop })).then((said) => said.split(':')[0]);
  },
  noArguments: ({ KV }) => told(() => KV.getWithMetadata()),
  emptyKey: ({ KV }) => told(() => KV.getWithMetadata('')),
  longKey: ({ KV }) => told(() => KV.getWithMetadata('k'.repeat(600))),
  cacheTtlSmall: ({ KV }) => told(() => KV.getWithMetadata('meta', { cacheTtl: 1 })),
};

const put = {
  resolvesTo: ({ KV }) => told(() => KV.put('put-value', 'x')),
  arrayBuffer: async ({ KV }) => (await KV.put('put-buffer', bytes('abc').buffer), KV.get('put-buffer')),
  view: async ({ KV }) => (await KV.put('put-view', bytes('xabcx').subarray(1, 4)), KV.get('put-view')),
  dataView: async ({ KV }) => (await KV.put('put-data-view', new DataView(bytes('xabcx').buffer, 1, 3)), KV.get('put-data-view')),
  stream: async ({ KV }) => (await KV.put('put-stream', streamOf('one ', 'two')), KV.get('put-stream')),
  streamOfRequest: async ({ KV }, request) => (await KV.put('put-request', request.body), KV.get('put-request')),
  streamOfResponse: async ({ KV }) => (await KV.put('put-response', new Response('answer').body), KV.get('put-response')),
  streamLocked: ({ KV }) => {
    const stream = streamOf('x');
    stream.getReader();
    return told(() => KV.put('put-locked', stream));
  },
  number: async ({ KV }) => [await told(() => KV.put('put-number', 7)), await KV.get('put-number')],
  truth: async ({ KV }) => [await told(() => KV.put('put-truth', true)), await KV.get('put-truth')],
  nothing: async ({ KV }) => [await told(() => KV.put('put-null', null)), await KV.get('put-null')],
  undefinedValue: async ({ KV }) => [await told(() => KV.put('put-undefined', undefined)), await KV.get('put-undefined')],
  object: ({ KV }) => told(() => KV.put('put-object', { a: 1 })),
  array: ({ KV }) => told(() => KV.put('put-array', [1])),
  blob: ({ KV }) => told(() => KV.put('put-blob', new Blob(['x']))),
  oneArgument: ({ KV }) => told(() => KV.put('put-one')),
  noArguments: ({ KV }) => told(() => KV.put()),
  emptyKey: ({ KV }) => told(() => KV.put('', 'x')),
  dotKey: ({ KV }) => told(() => KV.put('.', 'x')),
  dotsKey: ({ KV }) => told(() => KV.put('..', 'x')),
  longKey: ({ KV }) => told(() => KV.put('k'.repeat(513), 'x')),
  lastWins: async ({ KV }) => (await KV.put('put-last', '1'), await KV.put('put-last', '2'), KV.get('put-last')),
  largest: async ({ KV }) => (await told(() => KV.put('put-largest', new Uint8Array(25 * 1024 * 1024))), (await KV.get('put-largest', 'arrayBuffer')).byteLength),
  tooLarge: ({ KV }) => told(() => KV.put('put-large', new Uint8Array(25 * 1024 * 1024 + 1))),
  optionsNull: async ({ KV }) => [await told(() => KV.put('put-options-null', 'x', null)), await KV.get('put-options-null')],
  optionsText: ({ KV }) => told(() => KV.put('put-options-text', 'x', 'soon')),
};

const listed = async (KV, name) => {
  const { keys } = await KV.list({ prefix: name });
  return keys.length === 1 ? keys[0] : keys;
};
const expiration = {
  ttl: async ({ KV }) => {
    await KV.put('exp-ttl', 'x', { expirationTtl: 60 });
    return ahead((await listed(KV, 'exp-ttl')).expiration, 60);
  },
  ttlLong: async ({ KV }) => {
    await KV.put('exp-long', 'x', { expirationTtl: 31536000 });
    return ahead((await listed(KV, 'exp-long')).expiration, 31536000);
  },
  ttlText: async ({ KV }) => {
    await KV.put('exp-text', 'x', { expirationTtl: '90' });
    return ahead((await listed(KV, 'exp-text')).expiration, 90);
  },
  ttlFraction: async ({ KV }) => {
    await KV.put('exp-fraction', 'x', { expirationTtl: 60.9 });
    return ahead((await listed(KV, 'exp-fraction')).expiration, 60);
  },
  at: async ({ KV }) => {
    const at = seconds() + 300;
    await KV.put('exp-at', 'x', { expiration: at });
    return (await listed(KV, 'exp-at')).expiration === at;
  },
  ttlBeatsAt: async ({ KV }) => {
    await KV.put('exp-both', 'x', { expiration: seconds() + 9000, expirationTtl: 120 });
    return ahead((await listed(KV, 'exp-both')).expiration, 120);
  },
  withMetadata: async ({ KV }) => {
    await KV.put('exp-meta', 'x', { expirationTtl: 120, metadata: { m: 1 } });
    const found = await listed(KV, 'exp-meta');
    return { ...found, expiration: ahead(found.expiration, 120) };
  },
  dropped: async ({ KV }) => {
    await KV.put('exp-dropped', 'x', { expirationTtl: 120 });
    await KV.put('exp-dropped', 'y');
    return listed(KV, 'exp-dropped');
  },
  stillThere: async ({ KV }) => (await KV.put('exp-there', 'x', { expirationTtl: 60 }), KV.get('exp-there')),
  ttlSmall: ({ KV }) => told(() => KV.put('exp-small', 'x', { expirationTtl: 59 })),
  ttlZero: ({ KV }) => told(() => KV.put('exp-zero', 'x', { expirationTtl: 0 })),
  ttlNegative: ({ KV }) => told(() => KV.put('exp-negative', 'x', { expirationTtl: -60 })),
  ttlNoNumber: ({ KV }) => told(() => KV.put('exp-no-number', 'x', { expirationTtl: 'soon' })),
  ttlUndefined: async ({ KV }) => (await KV.put('exp-undefined', 'x', { expirationTtl: undefined }), listed(KV, 'exp-undefined')),
  ttlHuge: ({ KV }) => told(() => KV.put('exp-huge', 'x', { expirationTtl: 3000000000 })),
  atPast: ({ KV }) => told(() => KV.put('exp-past', 'x', { expiration: 1000 })),
  atZero: ({ KV }) => told(() => KV.put('exp-at-zero', 'x', { expiration: 0 })),
  atSoon: async ({ KV }) => (await told(() => KV.put('exp-soon', 'x', { expiration: seconds() + 30 }))).replace(/\d{9,}/, 'SOON'),
  atNoNumber: ({ KV }) => told(() => KV.put('exp-at-no-number', 'x', { expiration: 'tomorrow' })),
  refusedLeavesValue: async ({ KV }) => {
    await KV.put('exp-refused', 'before');
    await told(() => KV.put('exp-refused', 'after', { expirationTtl: 5 }));
    return KV.get('exp-refused');
  },
};

const list = {
  empty: ({ KV }) => KV.list({ prefix: 'list-nothing' }),
  all: async ({ OTHER }) => {
    for (const key of ['b', 'a', 'c']) await OTHER.put(key, key);
    return OTHER.list();
  },
  members: async ({ KV }) => (await KV.put('list-members', 'x'), KV.list({ prefix: 'list-members' })),
  order: async ({ KV }) => {
    for (const key of ['B', 'a', 'é', 'Z', '~', '😀', '￿', ' ', '10', '9']) await KV.put(`list-order-${key}`, 'x');
    return names(await KV.list({ prefix: 'list-order-' }));
  },
  prefix: async ({ KV }) => {
    for (const key of ['list-p', 'list-p-1', 'list-p-2', 'list-q']) await KV.put(key, 'x');
    return [names(await KV.list({ prefix: 'list-p' })), names(await KV.list({ prefix: 'list-p-' })), names(await KV.list({ prefix: 'list-P' }))];
  },
  prefixSpecial: async ({ KV }) => {
    for (const key of ['list-%x', 'list-_x', 'list-ax']) await KV.put(key, 'x');
    return [names(await KV.list({ prefix: 'list-%' })), names(await KV.list({ prefix: 'list-_' }))];
  },
  prefixNull: async ({ OTHER }) => (await OTHER.put('list-null', 'x'), names(await OTHER.list({ prefix: null })).includes('list-null')),
  prefixLong: ({ KV }) => told(() => KV.list({ prefix: 'k'.repeat(513) })),
  pages: async ({ KV }) => (await fill(KV, 'list-pages-', 5), pages(KV, { prefix: 'list-pages-', limit: 2 })),
  pagesExact: async ({ KV }) => (await fill(KV, 'list-exact-', 4), pages(KV, { prefix: 'list-exact-', limit: 2 })),
  onePage: async ({ KV }) => (await fill(KV, 'list-one-', 3), pages(KV, { prefix: 'list-one-', limit: 3 })),
  afterDeletion: async ({ KV }) => {
    await fill(KV, 'list-gone-', 4);
    const first = await KV.list({ prefix: 'list-gone-', limit: 2 });
    await KV.delete('list-gone-001');
    await KV.delete('list-gone-002');
    return [names(first), names(await KV.list({ prefix: 'list-gone-', limit: 2, cursor: first.cursor }))];
  },
  newBehindCursor: async ({ KV }) => {
    await fill(KV, 'list-new-', 3);
    const first = await KV.list({ prefix: 'list-new-', limit: 1 });
    await KV.put('list-new-0005', 'x');
    return names(await KV.list({ prefix: 'list-new-', cursor: first.cursor }));
  },
  limitOne: async ({ KV }) => (await fill(KV, 'list-limit-', 2), names(await KV.list({ prefix: 'list-limit-', limit: 1 }))),
  limitZero: async ({ KV }) => (await fill(KV, 'list-zero-', 2), told(async () => names(await KV.list({ prefix: 'list-zero-', limit: 0 })))),
  limitNegative: async ({ KV }) => (await fill(KV, 'list-neg-', 2), told(async () => names(await KV.list({ prefix: 'list-neg-', limit: -1 })))),
  limitThousand: ({ KV }) => told(async () => (await KV.list({ prefix: 'list-nothing', limit: 1000 })).keys),
  limitMore: ({ KV }) => told(() => KV.list({ limit: 1001 })),
  cursorEmpty: async ({ KV }) => (await fill(KV, 'list-cur-', 1), names(await KV.list({ prefix: 'list-cur-', cursor: '' }))),
  cursorNull: async ({ KV }) => (await fill(KV, 'list-null-', 1), names(await KV.list({ prefix: 'list-null-', cursor: null }))),
  metadata: async ({ KV }) => {
    await KV.put('list-meta-a', 'x', { metadata: { n: 1 } });
    await KV.put('list-meta-b', 'x');
    return (await KV.list({ prefix: 'list-meta-' })).keys;
  },
  optionsText: ({ KV }) => told(async () => (await KV.list('list-')).list_complete),
  optionsNull: ({ KV }) => told(async () => typeof (await KV.list(null)).list_complete),
};

const remove = {
  there: async ({ KV }) => (await KV.put('del-there', 'x'), [await told(() => KV.delete('del-there')), await KV.get('del-there')]),
  absent: ({ KV }) => told(() => KV.delete('del-absent')),
  metadataToo: async ({ KV }) => (await KV.put('del-meta', 'x', { metadata: 1 }), await KV.delete('del-meta'), KV.getWithMetadata('del-meta')),
  notListed: async ({ KV }) => (await KV.put('del-listed', 'x'), await KV.delete('del-listed'), names(await KV.list({ prefix: 'del-listed' }))),
  putAgain: async ({ KV }) => (await KV.put('del-again', '1'), await KV.delete('del-again'), await KV.put('del-again', '2'), KV.get('del-again')),
  noArguments: ({ KV }) => told(() => KV.delete()),
  emptyKey: ({ KV }) => told(() => KV.delete('')),
  dotKey: ({ KV }) => told(() => KV.delete('.')),
  longKey: ({ KV }) => told(() => KV.delete('k'.repeat(513))),
  otherNamespace: async ({ KV, OTHER }) => (await KV.put('del-other', 'x'), await OTHER.delete('del-other'), KV.get('del-other')),
};

const shape = {
  binding: ({ KV }) => [typeof KV, Object.prototype.toString.call(KV), KV.constructor.name],
  methods: ({ KV }) => ['get', 'getWithMetadata', 'put', 'list', 'delete'].map((name) => [typeof KV[name], KV[name].name]),
  promises: ({ KV }) => {
    const promise = KV.get('shape');
    return [promise instanceof Promise, Object.prototype.toString.call(promise)];
  },
  unbound: ({ KV }) => told(() => (0, KV.get)('shape')),
  otherReceiver: ({ KV }) => told(async () => KV.get.call({}, 'shape')),
};

const sections = { get, many, metadata, put, expiration, list, delete: remove, shape };

export default {
  async fetch(request, env) {
    const [section, name] = new URL(request.url).pathname.slice(1).split('/');
    const run = Object.hasOwn(sections, section) && sections[section][name];
    if (!run) return new Response(Object.entries(sections).flatMap(([key, cases]) => Object.keys(cases).map((each) => `/${key}/${each}`)).join('\n'), { status: 404 });
    const value = await run(env, request);
    return value instanceof Response ? value : Response.json(value ?? null);
  },
};
