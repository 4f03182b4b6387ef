const thrown = (call) => {
  try {
    return call();
  } catch (error) {
    return { name: error.name, message: error.message };
  }
};
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');

export const text = {
  encode: () => [new TextEncoder().encode('aé✓😀'), new TextEncoder().encode('\ud800x'), new TextEncoder().encoding],
  encodeInto: () => {
    const into = new Uint8Array(5);
    return [new TextEncoder().encodeInto('é✓😀', into), into];
  },
  decode: () => [
    new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])),
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])).length,
    new TextDecoder().decode(new Uint8Array([0x61, 0xff, 0xe2, 0x9c, 0x62, 0xf0, 0x9f])),
    new TextDecoder().decode(new Uint8Array([0xed, 0xa0, 0x80])),
    new TextDecoder().decode(),
    new TextDecoder('UTF8').encoding,
  ],
  decodeStream: () => {
    const decoder = new TextDecoder();
    return [decoder.decode(new Uint8Array([0xf0, 0x9f]), { stream: true }), decoder.decode(new Uint8Array([0x98, 0x80, 0xe2]), { stream: true }), decoder.decode()];
  },
  decodeFatal: () => thrown(() => new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff]))),
  badLabel: () => thrown(() => new TextDecoder('nope')),
  base64: () => [btoa('hello\xff'), btoa(''), atob('aGVsbG8='), atob(' aG Vs\nbG8 '), atob('YQ'), btoa(12), atob('').length],
  btoaWide: () => thrown(() => btoa('✓')),
  atobBad: () => ['a', 'a===', 'a-b_', 'ab=c'].map((input) => thrown(() => atob(input))),
  digests: async () => {
    const results = {};
    for (const name of ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512', 'sha-256', 'MD5']) results[name] = hex(await crypto.subtle.digest(name, new TextEncoder().encode('edge')));
    results.object = hex(await crypto.subtle.digest({ name: 'SHA-256' }, new Uint8Array([1, 2, 3]).subarray(1)));
    return results;
  },
  digestBad: async () => {
    try {
      return await crypto.subtle.digest('SHA-3', new Uint8Array());
    } catch (error) {
      return { name: error.name };
    }
  },
  random: () => {
    const bytes = new Uint8Array(32);
    const same = crypto.getRandomValues(bytes) === bytes;
    const uuid = crypto.randomUUID();
    return { same, filled: bytes.some((byte) => byte !== 0), uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid), differs: uuid !== crypto.randomUUID() };
  },
  randomTooMuch: () => thrown(() => crypto.getRandomValues(new Uint8Array(65537))),
  randomFloat: () => thrown(() => crypto.getRandomValues(new Float32Array(1))),
  uri: () => [encodeURIComponent('é /?&=+'), encodeURI('é /?&=+'), decodeURIComponent('%C3%A9%20'), escape('é'), unescape('%u2713')],
  uriBad: () => thrown(() => decodeURIComponent('%zz')),
};
