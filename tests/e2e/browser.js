// A headless Chromium by its debugging pipe: no port, no library, nothing to download.
'use strict';
const {spawn, execFileSync} = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-shell', 'google-chrome', 'chrome'];

function findChromium() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const name of NAMES) {
    try {
      return execFileSync('sh', ['-c', `command -v ${name}`], {encoding: 'utf8'}).trim();
    } catch {
      // not that one
    }
  }
  throw new Error(`no Chromium: tools/setup installs Debian's package chromium-headless-shell (looked for ${NAMES.join(', ')}, and $CHROMIUM)`);
}

class Browser {
  static async launch({width = 1280, height = 800} = {}) {
    const folder = fs.mkdtempSync(path.join(process.env.TEST_TMPDIR || os.tmpdir(), 'edge-browser-'));
    // Without a sandbox: it would need privileges that a container lacks, and the page is our own.
    const args = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--remote-debugging-pipe', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-extensions', '--host-resolver-rules=MAP * ~NOTFOUND',
      `--user-data-dir=${folder}`, `--window-size=${width},${height}`, 'about:blank'];
    const child = spawn(findChromium(), args, {
      detached: true,  // a process group of its own: the command is a script, and the browser has helpers
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
      env: {...process.env, HOME: folder},
    });
    const browser = new Browser(child, folder);
    const {targetInfos} = await browser.send('Target.getTargets');
    const page = targetInfos.find((target) => target.type === 'page');
    const {sessionId} = await browser.send('Target.attachToTarget', {targetId: page.targetId, flatten: true});
    browser.session = sessionId;
    await browser.send('Page.enable');
    await browser.send('Runtime.enable');
    await browser.send('Network.enable');
    await browser.send('Emulation.setDeviceMetricsOverride', {width, height, deviceScaleFactor: 1, mobile: false});
    return browser;
  }

  constructor(child, folder) {
    this.child = child;
    this.folder = folder;
    this.next = 1;
    this.waiting = new Map();
    this.listeners = [];
    this.problems = [];  // uncaught errors and console errors of the page
    this.requests = [];  // what the page asked for
    this.errors = '';
    child.stderr.on('data', (text) => { this.errors = (this.errors + text).slice(-4000); });
    child.on('exit', (code) => {
      for (const {reject} of this.waiting.values()) reject(new Error(`Chromium ended with ${code}:\n${this.errors}`));
      this.waiting.clear();
    });
    let rest = Buffer.alloc(0);
    child.stdio[4].on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
        this.receive(JSON.parse(rest.subarray(0, end).toString('utf8')));
        rest = rest.subarray(end + 1);
      }
    });
  }

  receive(message) {
    if (message.id) {
      const waiting = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      if (!waiting) return;
      if (message.error) waiting.reject(new Error(`${waiting.method}: ${message.error.message}`));
      else waiting.resolve(message.result);
      return;
    }
    const {method, params} = message;
    if (method === 'Runtime.exceptionThrown') {
      const details = params.exceptionDetails;
      this.problems.push((details.exception && details.exception.description) || details.text);
    }
    if (method === 'Runtime.consoleAPICalled' && params.type === 'error') this.problems.push(params.args.map((arg) => arg.value).join(' '));
    if (method === 'Network.requestWillBeSent') this.requests.push(params.request.url);
    this.listeners = this.listeners.filter((listener) => !listener(method, params));
  }

  send(method, params = {}) {
    const id = this.next++;
    const message = {id, method, params};
    if (this.session) message.sessionId = this.session;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, {resolve, reject, method});
      this.child.stdio[3].write(`${JSON.stringify(message)}\0`);
    });
  }

  event(wanted) {
    return new Promise((resolve) => this.listeners.push((method, params) => method === wanted && (resolve(params), true)));
  }

  async open(file) {
    const loaded = this.event('Page.loadEventFired');
    await this.send('Page.navigate', {url: `file://${file}`});
    await loaded;
  }

  // The value of an expression in the page.
  async evaluate(expression) {
    const {result, exceptionDetails} = await this.send('Runtime.evaluate', {expression, returnByValue: true, awaitPromise: true});
    if (exceptionDetails) throw new Error(`${expression}: ${(exceptionDetails.exception || {}).description || exceptionDetails.text}`);
    return result.value;
  }

  // Two frames: what the page wanted to draw is drawn.
  frame() { return this.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))'); }

  async click(x, y) {
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.send('Input.dispatchMouseEvent', {type, x, y, button: 'left', buttons: type === 'mousePressed' ? 1 : 0, clickCount: 1});
    }
    await this.frame();
  }

  async clickOn(selector) {
    const find = `(() => { const box = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect();
      return [box.left + box.width / 2, box.top + box.height / 2]; })()`;
    const [x, y] = await this.evaluate(find);
    await this.click(x, y);
  }

  async drag(from, to) {
    const send = (type, [x, y], buttons) => this.send('Input.dispatchMouseEvent', {type, x, y, button: 'left', buttons, clickCount: 1});
    await send('mousePressed', from, 1);
    for (let step = 1; step <= 5; step++) {
      await send('mouseMoved', [from[0] + ((to[0] - from[0]) * step) / 5, from[1] + ((to[1] - from[1]) * step) / 5], 1);
    }
    await send('mouseReleased', to, 0);
    await this.frame();
  }

  async wheel(x, y, deltaY) {
    await this.send('Input.dispatchMouseEvent', {type: 'mouseWheel', x, y, deltaX: 0, deltaY});
    await this.frame();
  }

  async key(key, {shift = false} = {}) {
    const modifiers = shift ? 8 : 0;
    const text = key.length === 1 ? key : key === 'Enter' ? '\r' : undefined;
    const windowsVirtualKeyCode = {Enter: 13, Escape: 27, ArrowLeft: 37, ArrowRight: 39}[key];
    await this.send('Input.dispatchKeyEvent', {type: 'keyDown', key, text, modifiers, windowsVirtualKeyCode});
    await this.send('Input.dispatchKeyEvent', {type: 'keyUp', key, modifiers, windowsVirtualKeyCode});
    await this.frame();
  }

  async type(text) {
    await this.send('Input.insertText', {text});
    await this.frame();
  }

  async screenshot(file) {
    const {data} = await this.send('Page.captureScreenshot', {format: 'png'});
    fs.writeFileSync(file, Buffer.from(data, 'base64'));
  }

  async theme(name) {
    await this.send('Emulation.setEmulatedMedia', {features: [{name: 'prefers-color-scheme', value: name}]});
    await this.frame();
  }

  async close() {
    process.kill(-this.child.pid, 'SIGKILL');
    for (const stream of this.child.stdio) if (stream) stream.destroy();
    fs.rmSync(this.folder, {recursive: true, force: true, maxRetries: 10, retryDelay: 50});
  }
}

module.exports = {Browser};
