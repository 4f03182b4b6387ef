// The timeline of a failure in a real browser: headless Chromium opens the page, clicks, searches, zooms, switches kinds off.
// EDGE_BINARY is sim/report's timeline_sample here: it prints the page of an invented run.
'use strict';
const assert = require('assert');
const {execFileSync} = require('child_process');
const fs = require('fs');
const path = require('path');
const {Browser} = require('./browser.js');
const {BINARY, freshFolder, runTests, test} = require('./harness.js');

const HOSTILE = '</script><script>window.hacked = 1</script>';

function writePage(...args) {
  const file = path.join(freshFolder(), 'timeline.html');
  fs.writeFileSync(file, execFileSync(BINARY, args, {maxBuffer: 64 << 20}));
  return file;
}

let browser = null;
const state = () => browser.evaluate('edgeTimeline.state()');
const events = () => browser.evaluate('edgeTimeline.events()');
const textOf = (selector) => browser.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent`);
const find = async (kind, words) => (await events()).find((event) => event.kind === kind && event.words.includes(words));

// A fresh page; at the end it must have logged no error and asked for nothing but itself.
function inPage(name, body, ...args) {
  test(name, async () => {
    const file = writePage(...args);
    browser = await Browser.launch({width: 1280, height: 800});
    try {
      await browser.open(file);
      await browser.frame();
      await body();
      assert.deepStrictEqual(browser.problems, []);
      assert.deepStrictEqual(browser.requests, [`file://${file}`]);
      assert.strictEqual(await browser.evaluate('typeof window.hacked'), 'undefined');
    } finally {
      await browser.close();
    }
  });
}

inPage('the page says what failed, in which run, and how to repeat it', async () => {
  assert.match(await browser.evaluate('document.title'), /charged-once failed .* orders .* seed 81234/);
  assert.strictEqual(await textOf('#check'), 'charged-once');
  assert.match(await textOf('#failure-message'), /payments\.test was charged 2 times/);
  assert.match(await textOf('#facts'), /seed 81234.*strategy random.*contract cloudflare/);
  assert.match(await textOf('#story'), /lost the connection before these bytes arrived/);
  assert.strictEqual(await textOf('#replay'), 'edge replay examples/orders --seed 81234 --contract cloudflare');
});

inPage('everything is drawn: the canvas is not empty, idle time is cut out', async () => {
  const colors = await browser.evaluate(`(() => {
    const canvas = document.getElementById('chart');
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    const seen = new Set();
    for (let i = 0; i < pixels.length; i += 4) seen.add(pixels[i] << 16 | pixels[i + 1] << 8 | pixels[i + 2]);
    return seen.size;
  })()`);
  const now = await state();

  assert.ok(colors > 30, `${colors} colours`);
  assert.ok(now.eventsDrawn > 80, JSON.stringify(now));
  assert.strictEqual(now.breaks, 3);
  assert.strictEqual(now.scale, now.fitScale);
});

inPage('a click on an event shows all that is known about it', async () => {
  const fault = await find('fault', 'reset_before');
  const {x, y} = await browser.evaluate(`edgeTimeline.pointOf(${fault.number})`);

  await browser.click(x, y);

  assert.strictEqual((await state()).selected, fault.number);
  assert.strictEqual(await browser.evaluate('document.getElementById("event").hidden'), false);
  assert.match(await textOf('#event'), /node1 FAULT lost the connection before these bytes arrived/);
  assert.match(await textOf('#event'), /network\.reset_before/);
  assert.match(await textOf('#event dl'), /client3 \(client\)/);
});

inPage('a click on a request shows what belongs to it; a click beside everything clears', async () => {
  const request = (await events()).find((event) => event.kind === 'request' && event.words === 'asks again node1: POST /orders');
  for (let i = 0; i < 4; i++) await browser.clickOn('#zoom-in');
  await browser.evaluate(`document.querySelector('#story .row[data-number="${request.number}"]').click()`);
  await browser.frame();

  assert.strictEqual((await state()).selected, request.number);
  assert.match(await textOf('#event'), /Belongs together with.*asks node1: POST \/orders.*gets no answer from node1: connection reset/);

  await browser.key('Escape');
  assert.strictEqual((await state()).selected, 0);
});

inPage('search counts, goes from match to match, and finds what was printed', async () => {
  await browser.key('/');
  await browser.type('charging order');
  const found = await state();
  assert.strictEqual(found.matches.length, 2);

  await browser.key('Enter');
  assert.strictEqual((await state()).match, found.matches[0]);
  await browser.key('Enter');
  assert.strictEqual((await state()).match, found.matches[1]);
  assert.strictEqual((await state()).selected, found.matches[1]);
  assert.strictEqual(await textOf('#matches'), '2 / 2');
  await browser.key('Enter', {shift: true});
  assert.strictEqual((await state()).match, found.matches[0]);

  await browser.key('Escape');
  assert.strictEqual((await state()).matches.length, 0);
  await browser.key('/');
  await browser.type('no such thing');
  assert.strictEqual(await textOf('#matches'), 'none');
});

inPage('wheel, buttons and keys zoom; drag and arrow keys move; 0 shows everything again', async () => {
  const begin = await state();
  await browser.wheel(600, 400, -400);
  const wheeled = await state();
  assert.ok(wheeled.scale > begin.scale * 1.5, JSON.stringify(wheeled));

  await browser.clickOn('#zoom-in');
  const buttoned = await state();
  assert.ok(buttoned.scale > wheeled.scale * 1.4);
  await browser.key('-');
  assert.ok((await state()).scale < buttoned.scale);

  const before = await state();
  await browser.drag([700, 250], [500, 250]);
  assert.ok((await state()).offset > before.offset, 'dragging to the left shows what is later');
  const dragged = await state();
  assert.strictEqual(dragged.selected, 0, 'a drag is no click');
  await browser.key('ArrowLeft');
  assert.ok((await state()).offset < dragged.offset);

  await browser.key('0');
  assert.deepStrictEqual([(await state()).scale, (await state()).offset], [begin.fitScale, 0]);
});

inPage('what is under the pointer stays there while the wheel zooms', async () => {
  const fault = await find('fault', 'reset_before');
  const before = await browser.evaluate(`edgeTimeline.pointOf(${fault.number})`);

  await browser.wheel(before.x, before.y, -300);

  const after = await browser.evaluate(`edgeTimeline.pointOf(${fault.number})`);
  assert.ok(Math.abs(after.x - before.x) < 1, `${before.x} -> ${after.x}`);
});

inPage('kinds can be switched off and on; turns are off at first', async () => {
  const begin = await state();
  assert.ok(!begin.shown.includes('turn'));
  assert.strictEqual(await browser.evaluate('document.querySelector("[data-kind=turn]").getAttribute("aria-pressed")'), 'false');

  await browser.clickOn('[data-kind=send]');
  const without = await state();
  assert.ok(!without.shown.includes('send'));
  assert.ok(without.eventsOnAxis < begin.eventsOnAxis);
  assert.strictEqual(await browser.evaluate('document.querySelector("[data-kind=send]").getAttribute("aria-pressed")'), 'false');

  await browser.clickOn('[data-kind=send]');
  await browser.clickOn('[data-kind=turn]');
  assert.ok((await state()).eventsOnAxis > begin.eventsOnAxis);
});

inPage('j and k go from event to event, f to the failure', async () => {
  await browser.key('j');
  const first = (await state()).selected;
  await browser.key('j');
  assert.ok((await state()).selected > first);
  await browser.key('k');
  assert.strictEqual((await state()).selected, first);
  await browser.key('f');
  const failure = await find('check', 'charged-once FAILED');
  assert.strictEqual((await state()).selected, failure.number);
  assert.ok((await state()).scale > (await state()).fitScale);
});

inPage('the axis can be linear', async () => {
  await browser.clickOn('#axis-linear');
  const linear = await state();
  assert.strictEqual(linear.axis, 'linear');
  assert.strictEqual(linear.breaks, 0);
});

inPage('what an application prints is shown as text', async () => {
  const log = await find('log', 'window.hacked');
  await browser.clickOn('#tab-console');
  await browser.frame();
  assert.ok((await textOf('#console')).includes(HOSTILE));
  assert.strictEqual(await browser.evaluate('document.querySelectorAll("#console img, #console script").length'), 0);

  await browser.evaluate(`document.querySelector('#console [data-number="${log.number}"]').click()`);
  assert.ok((await textOf('#event pre')).includes(HOSTILE));
  assert.strictEqual(await browser.evaluate('document.querySelectorAll("main img, main script").length'), 0);

  const {x, y} = await browser.evaluate(`edgeTimeline.pointOf(${log.number})`);
  await browser.send('Input.dispatchMouseEvent', {type: 'mouseMoved', x, y});
  await browser.frame();
  assert.strictEqual(await browser.evaluate('document.getElementById("tooltip").hidden'), false);
  assert.ok((await textOf('#tooltip')).includes(HOSTILE));
  assert.strictEqual(await browser.evaluate('document.querySelectorAll("#tooltip img, #tooltip script").length'), 0);
});

inPage('dark and light follow the system', async () => {
  const ground = () => browser.evaluate('getComputedStyle(document.body).backgroundColor');
  const pixel = () => browser.evaluate("[...document.getElementById('chart').getContext('2d').getImageData(5, 300, 1, 1).data].join()");
  await browser.theme('light');
  const light = [await ground(), await pixel()];
  await browser.theme('dark');
  const dark = [await ground(), await pixel()];
  assert.notStrictEqual(light[0], dark[0]);
  assert.notStrictEqual(light[1], dark[1]);
});

inPage('many thousands of events still open, and the page says what it leaves out', async () => {
  assert.match(await textOf('#extent'), /^20,000 of \d\d,\d\d\d events/);
  assert.match(await textOf('#story'), /are not in this file/);
  assert.ok((await state()).eventsDrawn < 6000, 'what falls on one pixel is drawn once');
  await browser.key('f');
  assert.match(await textOf('#event'), /check charged-once FAILED/);
}, '100');

runTests();
