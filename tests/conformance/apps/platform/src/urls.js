const parts = (url) => {
  const { href, origin, protocol, username, password, host, hostname, port, pathname, search, hash } = url;
  return { href, origin, protocol, username, password, host, hostname, port, pathname, search, hash };
};
const parse = (input, base) => {
  try {
    return base === undefined ? new URL(input).href : new URL(input, base).href;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};

export const urls = {
  parts: () => parts(new URL('https://user:pa%20ss@EXAMPLE.com:8443/a/../b/./c?q=1&r=%20#frag ment')),
  relative: () => ['../x', '//other/y', '?q', '#h', '', 'http:rel', 'mailto:a@b', '/a b', './..//c', '\\back\\slash'].map((input) => parse(input, 'http://h.example/p/q/r?s#t')),
  invalid: () => ['', 'nope', 'http://', 'http://a b/', 'http://[::1', 'http://h:99999/', 'http://%zz/', 'https://exa%mple.org', 'http://a^b/', 'http://1.2.3.4.5.6:x/'].map((input) => parse(input)),
  hosts: () => ['http://0x7f.1/', 'http://256.1/', 'http://[1:0:0::1]/', 'http://[::ffff:1.2.3.4]/', 'http://EXAMPLE.COM./', 'http://faß.de/', 'http://xn--n3h.example/', 'http://日本語.example/', 'http://a%41b/'].map((input) => parse(input)),
  opaque: () => ['data:text/plain,a b', 'javascript:alert(1) ', 'mailto:x?y#z', 'blob:https://a.example/id', 'file:///C|/x/..', 'file:c:\\a', 'foo://h:80/p', 'foo:/p', 'urn:isbn:1'].map((input) => parse(input)),
  encoding: () => parse('http://h/é?é=%C3%A9&x=\'"<>#é`'),
  ports: () => ['http://h:80/', 'https://h:443/', 'http://h:443/', 'http://h:0/', 'http://h:/'].map((input) => parse(input)),
  setters: () => {
    const url = new URL('http://h.example/p?q#f');
    url.protocol = 'https';
    url.host = 'other:81';
    url.port = '443';
    url.pathname = 'new path';
    url.search = 'a=b c';
    url.hash = '';
    url.username = 'me@';
    url.password = ':';
    return parts(url);
  },
  settersIgnored: () => {
    const url = new URL('http://h.example:81/p');
    url.protocol = 'foo';
    url.port = '99999';
    url.hostname = '';
    url.host = 'a b';
    return url.href;
  },
  canParse: () => [URL.canParse('x'), URL.canParse('x', 'http://a/'), URL.canParse('http://a/'), URL.parse?.('x') ?? null, URL.parse?.('/x', 'http://a/')?.href],
  json: () => [JSON.stringify(new URL('http://a')), String(new URL('http://a')), new URL('http://a').toJSON()],
  searchParams: () => {
    const url = new URL('http://h/?a=1&b=2&a=3&empty&=v&plus=a+b&pct=%26%zz');
    const p = url.searchParams;
    return { all: [...p], a: p.getAll('a'), none: p.get('none'), has: [p.has('a'), p.has('a', '3'), p.has('a', '4')], size: p.size, text: p.toString() };
  },
  searchParamsEdit: () => {
    const url = new URL('http://h/?z=1&a=2&z=3');
    const p = url.searchParams;
    p.append('n w', 'é&=');
    p.set('z', 'only');
    p.delete('a', 'not this');
    p.sort();
    const seen = [];
    p.forEach((value, key) => seen.push(`${key}:${value}`));
    return { href: url.href, seen, same: url.searchParams === p };
  },
  searchParamsConstructors: () => [
    new URLSearchParams('?a=b&c').toString(),
    new URLSearchParams([['x', 'y'], ['x', 'z']]).toString(),
    new URLSearchParams({ k: 'v', n: 1 }).toString(),
    new URLSearchParams(new URLSearchParams('m=n')).toString(),
    new URLSearchParams('a=~!*()\'-._ \u{1f600}').toString(),
  ],
  searchParamsIterateAndDelete: () => {
    const p = new URLSearchParams('a=1&b=2&c=3');
    const seen = [];
    for (const [key] of p) {
      seen.push(key);
      if (key === 'a') p.delete('a');
    }
    return [seen, p.toString()];
  },
  requestUrl: (request) => new URL(request.url).search + ' ' + new URL(request.url).hash,
};
