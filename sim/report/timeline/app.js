// Puts the page together: state, controls, pointer and keyboard.

function byId(id) { return document.getElementById(id); }

function start() {
  const model = readModel(JSON.parse(byId('data').textContent));
  const {data} = model;
  const chart = byId('chart');
  const box = byId('lanes');
  const drawing = new Drawing(chart, byId('overview'), model);

  const ALWAYS_BRIGHT = new Set(['fault', 'life', 'phase']);  // whatever is selected, these may be why
  const shown = new Set(Object.keys(KINDS).filter((group) => KINDS[group].on));
  const state = {
    shown,
    selected: -1,
    matches: new Set(),
    related: null,  // a Set of events while one with relations is selected
    isLit(event) { return this.related !== null && this.related.has(event); },
    dimmed(event) { return this.related !== null && !this.related.has(event) && !ALWAYS_BRIGHT.has(event.group); },
  };
  let mode = 'compact';
  let matchList = [];
  let match = -1;
  let drawn = 0;

  // --- drawing, once per frame ---
  let pending = false;
  const redraw = () => {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => {
      pending = false;
      drawing.draw(state);
      drawing.drawOverview(state);
      drawn++;
    });
  };

  const ORDER = {world: 0, client: 1, node: 2, service: 3};
  const layOut = () => {
    const busy = new Set(drawing.axis.events.map((event) => event.actor));
    const actors = model.actors.filter((actor) => actor.kind !== 'world' || busy.has(actor));
    actors.sort((a, b) => ORDER[a.kind] - ORDER[b.kind] || a.index - b.index);
    drawing.resize(box, actors);
  };

  // Keeps the moment in the middle where it is, unless everything was in sight.
  const rebuildAxis = () => {
    const before = drawing.axis;
    const whole = !before || drawing.view.scale <= drawing.fitScale * 1.001;
    let moment = null;
    if (!whole) moment = before.events[Math.min(lowerBound(before.place, drawing.place(drawing.width / 2)), before.events.length - 1)];
    drawing.setAxis(makeAxis(model.events.filter((event) => shown.has(event.group)), mode));
    layOut();
    if (whole || !moment) {
      drawing.fit();
    } else {
      drawing.clampView();
      drawing.pan(drawing.xOf(moment) - drawing.width / 2);
    }
    redraw();
  };

  // --- selecting ---
  const reveal = (event) => {
    const x = drawing.xOf(event);
    if (x < GUTTER + 30 || x > drawing.width - 60) drawing.pan(x - (GUTTER + drawing.width) / 2);
    const lane = drawing.lanes.get(event.actor);
    if (lane && (lane.top < box.scrollTop || lane.top + lane.height > box.scrollTop + box.clientHeight)) box.scrollTop = lane.top - 40;
  };
  const select = (event, tab) => {
    state.selected = event ? event.i : -1;
    state.related = null;
    panel.selected = event;
    if (event) {
      if (!shown.has(event.group)) switchKind(event.group);
      const related = model.related(event);
      if (related.length > 1) state.related = new Set(related);
      reveal(event);
    }
    panel.showEvent(event);
    if (event && tab !== 'console') panel.show('event');
    panel.mark(event);
    redraw();
  };
  select.step = (by) => {
    const {events} = drawing.axis;
    if (events.length === 0) return;
    const at = state.selected < 0 ? (by > 0 ? -1 : events.length) : events.findIndex((event) => event.i >= state.selected);
    select(events[Math.max(0, Math.min(events.length - 1, at + by))]);
  };
  const panel = new Panel(model, select);
  const showFailure = () => {
    const event = model.events[model.failure];
    if (!event) return;
    if (drawing.view.scale < drawing.fitScale * 4) drawing.zoom(4, drawing.xOf(event));
    select(event);
  };

  // --- kinds ---
  const buttons = new Map();
  const switchKind = (group) => {
    if (shown.has(group)) shown.delete(group);
    else shown.add(group);
    buttons.get(group).setAttribute('aria-pressed', String(shown.has(group)));
    rebuildAxis();
  };
  const paintLegend = () => {
    for (const [group, button] of buttons) {
      const canvas = button.querySelector('canvas');
      const ratio = window.devicePixelRatio || 1;
      canvas.width = 16 * ratio;
      canvas.height = 16 * ratio;
      const g = canvas.getContext('2d');
      g.setTransform(ratio, 0, 0, ratio, 0, 0);
      g.fillStyle = g.strokeStyle = drawing.colors[KINDS[group].color.slice(2)];
      g.lineWidth = 1.5;
      shape(g, KINDS[group].shape, 8, 8);
    }
  };
  for (const [group, look] of Object.entries(KINDS)) {
    const count = model.events.filter((event) => event.group === group).length;
    if (count === 0) continue;
    const swatch = element('canvas', {'aria-hidden': 'true', style: 'width:16px;height:16px'});
    const button = element('button', {type: 'button', 'aria-pressed': String(shown.has(group)), 'data-kind': group, title: `${look.name}: on or off`,
      onclick: () => switchKind(group)}, swatch, element('span', {text: look.name}), element('span', {class: 'count', text: count.toLocaleString('en')}));
    buttons.set(group, button);
    byId('kinds').append(button);
  }

  // --- search ---
  const search = (text) => {
    const wanted = text.trim().toLowerCase();
    matchList = wanted === '' ? [] : model.events.filter((event) => event.group !== 'turn' || shown.has('turn')).filter((event) =>
      `${event.number}\n${event.actor.name}\n${event.words}\n${event.label}\n${event.text}\n${event.note}\n${event.message}\n${event.key}`
        .toLowerCase().includes(wanted));
    state.matches = new Set(matchList.map((event) => event.i));
    match = -1;
    byId('matches').textContent = wanted === '' ? '' : matchList.length === 0 ? 'none' : String(matchList.length);
    redraw();
  };
  const goToMatch = (by) => {
    if (matchList.length === 0) return;
    match = (match + by + matchList.length) % matchList.length;
    if (match < 0) match = matchList.length - 1;
    byId('matches').textContent = `${match + 1} / ${matchList.length}`;
    select(matchList[match]);
  };
  byId('search').addEventListener('input', (input) => search(input.target.value));
  byId('search').addEventListener('keydown', (key) => {
    if (key.key === 'Enter') goToMatch(key.shiftKey ? -1 : 1);
    if (key.key !== 'Escape') return;
    key.target.value = '';
    search('');
    chart.focus();
  });
  byId('next-match').addEventListener('click', () => goToMatch(1));
  byId('previous-match').addEventListener('click', () => goToMatch(match < 0 ? 0 : -1));

  // --- zoom, axis, failure ---
  const zoomBy = (factor) => {
    const chosen = state.selected >= 0 ? drawing.xOf(model.events[state.selected]) : -1;
    const inSight = chosen > GUTTER && chosen < drawing.width;
    drawing.zoom(factor, inSight ? chosen : (GUTTER + drawing.width) / 2);
    redraw();
  };
  const fit = () => { drawing.fit(); redraw(); };
  const setMode = (wanted) => {
    mode = wanted;
    byId('axis-compact').setAttribute('aria-pressed', String(mode === 'compact'));
    byId('axis-linear').setAttribute('aria-pressed', String(mode === 'linear'));
    drawing.fit();
    rebuildAxis();
    drawing.fit();
  };
  byId('zoom-in').addEventListener('click', () => zoomBy(1.6));
  byId('zoom-out').addEventListener('click', () => zoomBy(1 / 1.6));
  byId('fit').addEventListener('click', fit);
  byId('axis-compact').addEventListener('click', () => setMode('compact'));
  byId('axis-linear').addEventListener('click', () => setMode('linear'));
  byId('show-failure').addEventListener('click', showFailure);
  byId('copy-replay').addEventListener('click', () => copyReplay(data.replay));
  if (!data.replay) byId('copy-replay').hidden = true;

  // --- pointer ---
  const at = (pointer) => {
    const area = chart.getBoundingClientRect();
    return {x: pointer.clientX - area.left, y: pointer.clientY - area.top};
  };
  let drag = null;
  chart.addEventListener('wheel', (wheel) => {
    wheel.preventDefault();
    if (wheel.shiftKey || Math.abs(wheel.deltaX) > Math.abs(wheel.deltaY)) drawing.pan(wheel.deltaX || wheel.deltaY);
    else if (at(wheel).x < GUTTER) box.scrollTop += wheel.deltaY;
    else drawing.zoom(Math.exp(-wheel.deltaY * 0.0022), at(wheel).x);
    hideTooltip();
    redraw();
  }, {passive: false});
  chart.addEventListener('pointerdown', (pointer) => {
    drag = {x: pointer.clientX, y: pointer.clientY, scroll: box.scrollTop, moved: false};
    chart.setPointerCapture(pointer.pointerId);
  });
  chart.addEventListener('pointermove', (pointer) => {
    if (!drag) return hover(pointer);
    const moved = pointer.clientX - drag.x;
    if (!drag.moved && Math.hypot(moved, pointer.clientY - drag.y) < 4) return;
    drag.moved = true;
    chart.classList.add('moving');
    hideTooltip();
    drawing.pan(-moved);
    drag.x = pointer.clientX;
    box.scrollTop = drag.scroll - (pointer.clientY - drag.y);
    redraw();
  });
  chart.addEventListener('pointerup', (pointer) => {
    chart.classList.remove('moving');
    const click = drag && !drag.moved;
    drag = null;
    if (click) select(drawing.hit(at(pointer).x, at(pointer).y));
  });
  chart.addEventListener('pointercancel', () => { drag = null; });
  chart.addEventListener('pointerleave', () => hideTooltip());
  chart.addEventListener('dblclick', (click) => { drawing.zoom(2.5, at(click).x); redraw(); });

  const tooltip = byId('tooltip');
  const hideTooltip = () => { tooltip.hidden = true; };
  const hover = (pointer) => {
    const {x, y} = at(pointer);
    const event = drawing.hit(x, y);
    chart.style.cursor = event ? 'pointer' : 'default';
    if (!event) return hideTooltip();
    tooltip.replaceChildren(element('div', {class: 'when', text: `${elapsed(event.ns, 6)}  ${event.actor.name}  #${event.number}`}),
      element('div', {text: event.words.slice(0, 400)}));
    tooltip.hidden = false;
    const left = Math.min(x + 14, drawing.width - tooltip.offsetWidth - 8);
    const below = y + 16 + tooltip.offsetHeight < box.scrollTop + box.clientHeight;
    tooltip.style.left = `${Math.max(4, left)}px`;
    tooltip.style.top = `${below ? y + 16 : y - tooltip.offsetHeight - 10}px`;
  };

  const overview = byId('overview');
  const centre = (pointer) => {
    const place = drawing.overviewPlace(pointer.clientX - overview.getBoundingClientRect().left);
    drawing.view.offset = place - (drawing.plotWidth - 12) / drawing.view.scale / 2;
    drawing.clampView();
    redraw();
  };
  overview.addEventListener('pointerdown', (pointer) => { overview.setPointerCapture(pointer.pointerId); centre(pointer); });
  overview.addEventListener('pointermove', (pointer) => { if (pointer.buttons) centre(pointer); });

  // --- keyboard ---
  const KEYS = {
    ArrowLeft: () => { drawing.pan(-120); redraw(); },
    ArrowRight: () => { drawing.pan(120); redraw(); },
    '+': () => zoomBy(1.6), '=': () => zoomBy(1.6), '-': () => zoomBy(1 / 1.6), 0: fit,
    j: () => select.step(1), k: () => select.step(-1),
    f: showFailure, n: () => goToMatch(1), N: () => goToMatch(-1),
    '/': () => { byId('search').focus(); byId('search').select(); },
    Escape: () => select(null),
  };
  document.addEventListener('keydown', (key) => {
    if (key.target instanceof HTMLInputElement || key.ctrlKey || key.metaKey || key.altKey) return;
    if (key.target.getAttribute && key.target.getAttribute('role') === 'tab' && key.key.startsWith('Arrow')) return;
    const action = KEYS[key.key];
    if (!action) return;
    key.preventDefault();
    action();
  });

  // --- the head of the page ---
  byId('application').textContent = data.application || 'a run';
  document.title = `${data.check ? `${data.check} failed \u00b7 ` : ''}${data.application || 'edge'} \u00b7 seed ${data.seed}`;
  for (const [name, value] of [['seed', data.seed], ['strategy', data.strategy], ['contract', data.contract]]) {
    if (value) byId('facts').append(element('li', {text: `${name} `}, element('b', {text: value})));
  }
  const length = model.events.length ? model.events[model.events.length - 1].ns : 0;
  const faults = model.events.filter((event) => event.kind === 'fault').length;
  const kept = model.events.length < data.eventsInRun ? `${model.events.length.toLocaleString('en')} of ` : '';
  byId('extent').textContent =
    `${kept}${data.eventsInRun.toLocaleString('en')} events \u00b7 ${lengthOf(length)} of virtual time \u00b7 ${faults} ${faults === 1 ? 'fault' : 'faults'}`;
  if (data.check || data.message) {
    byId('check').textContent = data.check;
    byId('failure-message').textContent = data.message;
  } else {
    byId('failure').hidden = true;
  }

  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    drawing.readColors();
    paintLegend();
    redraw();
  });
  new ResizeObserver(() => {
    const whole = drawing.view.scale <= drawing.fitScale * 1.001;
    layOut();
    if (whole) drawing.fit();
    drawing.clampView();
    redraw();
  }).observe(box);

  rebuildAxis();
  drawing.fit();
  paintLegend();

  // What a test sees and reaches for.
  window.edgeTimeline = {
    state: () => ({
      selected: state.selected < 0 ? 0 : model.events[state.selected].number,
      shown: [...shown],
      matches: matchList.map((event) => event.number),
      match: match < 0 ? 0 : matchList[match].number,
      scale: drawing.view.scale, fitScale: drawing.fitScale, offset: drawing.view.offset,
      axis: mode, breaks: drawing.axis.breaks.length, eventsOnAxis: drawing.axis.events.length, eventsDrawn: drawing.hits.length, frames: drawn,
    }),
    // Where an event can be clicked, in pixels of the window; null if its lane is not shown.
    pointOf: (number) => {
      const event = model.events.find((one) => one.number === number);
      const point = event && drawing.pointOf(event);
      const area = chart.getBoundingClientRect();
      return point && {x: area.left + point.x, y: area.top + point.y};
    },
    events: () => model.events.map(({number, kind, words}) => ({number, kind, words})),
    measure: () => {
      const begun = performance.now();
      drawing.draw(state);
      return performance.now() - begun;
    },
  };
}

// From a file the clipboard may be closed: then the command is selected, ready to be copied.
function copyReplay(command) {
  const button = byId('copy-replay');
  const say = (text) => {
    button.textContent = text;
    setTimeout(() => { button.textContent = 'Copy replay command'; }, 1600);
  };
  const selectIt = () => {
    byId('tab-story').click();
    const range = document.createRange();
    range.selectNodeContents(byId('replay'));
    window.getSelection().removeAllRanges();
    window.getSelection().addRange(range);
    say('Selected: press Ctrl+C');
  };
  if (navigator.clipboard) navigator.clipboard.writeText(command).then(() => say('Copied'), selectIt);
  else selectIt();
}

start();
