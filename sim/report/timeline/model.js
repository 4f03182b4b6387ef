'use strict';
// The data of the page as objects, and the time axis: from a moment of virtual time to a place on the canvas.

const NANOSECONDS = 1e9;
// Life events after which an actor is not up.
const DOWN = /crash|power_loss|down|exit/;

// How kinds look, in the order of the legend. `on`: shown at first. `track`: where in its lane a mark is.
const KINDS = {
  request: {name: 'requests', color: '--accent', shape: 'bar', on: true, track: 'middle', also: ['response']},
  send: {name: 'messages', color: '--muted', shape: 'arrow', on: true, track: 'middle', also: ['deliver']},
  fault: {name: 'faults', color: '--bad', shape: 'diamond', on: true, track: 'top'},
  life: {name: 'life', color: '--violet', shape: 'square', on: true, track: 'top'},
  log: {name: 'console', color: '--warn', shape: 'line', on: true, track: 'bottom'},
  connect: {name: 'connections', color: '--teal', shape: 'ring', on: true, track: 'middle', also: ['close']},
  phase: {name: 'phases', color: '--text', shape: 'flag', on: true, track: 'top', also: ['check']},
  disk: {name: 'disk', color: '--teal', shape: 'dot', on: true, track: 'low'},
  host: {name: 'host calls', color: '--violet', shape: 'dot', on: false, track: 'low'},
  random: {name: 'randomness', color: '--muted', shape: 'dot', on: false, track: 'low'},
  decision: {name: 'decisions', color: '--muted', shape: 'cross', on: false, track: 'low'},
  turn: {name: 'turns', color: '--faint', shape: 'tick', on: false, track: 'low'},
};

// "request" for "response": the kind in the legend.
const GROUP_OF = {};
for (const [group, look] of Object.entries(KINDS)) for (const kind of [group, ...(look.also || [])]) GROUP_OF[kind] = group;

function readModel(data) {
  const actors = data.actors.map(([name, kind], index) => ({name, kind, index}));
  const nobody = {name: 'unknown actor', kind: 'world', index: 0};
  const events = data.events.map((row, i) => {
    const [number, ns, kind, actor, peer, label, value, message, key, words, text, note, bytes] = row;
    const event = {i, number, ns, kind: data.kinds[kind], kindNumber: kind, actor: actors[actor] || nobody, peer: peer ? actors[peer] || nobody : null};
    Object.assign(event, {label: data.labels[label], value, message, key, text: text || '', note: note || '', bytes});
    event.words = words || `runs ${event.label}`;
    // An invocation that ended badly is a host call, and news: it stands with what was printed.
    event.group = event.kind === 'host' && event.label === 'worker.outcome' ? 'log' : GROUP_OF[event.kind];
    event.level = event.group !== 'log' ? '' : event.kind === 'host' ? 'error' : event.words.split(':')[0];
    return event;
  });
  const model = {
    data, actors, events,
    exchanges: data.exchanges.map(([asked, arrived, answered, got]) => ({asked, arrived, answered, got})),
    arrows: messageArrows(events),
    handshakes: handshakes(events),
    failure: data.failure,
    story: data.story,
    logs: events.filter((event) => event.group === 'log'),
    lives: events.filter((event) => event.kind === 'life'),
    phases: events.filter((event) => event.kind === 'phase'),
  };
  model.bars = requestBars(model);
  model.inBar = new Set(model.bars.flatMap((bar) => (bar.open ? [bar.begin] : [bar.begin, bar.end])));
  model.related = relations(model);
  return model;
}

// From a send to the delivery of the same message; `to` is null if it never arrived.
function messageArrows(events) {
  const arrived = new Map();
  for (const event of events) {
    if (event.kind !== 'deliver' || !event.message) continue;
    if (!arrived.has(event.message)) arrived.set(event.message, []);
    arrived.get(event.message).push(event);
  }
  const arrows = [];
  for (const event of events) {
    if (event.kind !== 'send' || !event.peer) continue;
    const ends = event.message ? arrived.get(event.message) || [] : [];
    if (ends.length === 0) arrows.push({from: event, to: null, peer: event.peer});
    for (const end of ends) arrows.push({from: event, to: end, peer: end.actor});
  }
  return arrows;
}

// Connections that are asked for and granted, ended and reset: what one side does and the other side sees, by their message.
function handshakes(events) {
  const waiting = new Map();
  const arrows = [];
  for (const event of events) {
    if (event.group !== 'connect' || !event.message) continue;
    const first = waiting.get(event.message);
    if (!first) waiting.set(event.message, event);
    else if (first.actor !== event.actor) arrows.push({from: first, to: event});
  }
  return arrows;
}

// A request as a bar in the lane of each side: from its first event there to its last. Bars that overlap are on different levels.
function requestBars(model) {
  const bars = [];
  const last = model.events.length - 1;
  const deaths = new Map();  // per actor: where it went down
  for (const event of model.events) {
    if (event.kind !== 'life' || !DOWN.test(event.label)) continue;
    if (!deaths.has(event.actor)) deaths.set(event.actor, []);
    deaths.get(event.actor).push(event.i);
  }
  const add = (begin, end, serving) => {
    if (begin < 0) return;
    const event = model.events[begin];
    const death = end < 0 && (deaths.get(event.actor) || []).find((i) => i > begin);
    let status = end < 0 ? 0 : model.events[end].value;
    if (status === 0 && serving && end >= 0 && model.events[end].text === 'answered') status = 'answered';
    bars.push({begin, end: end < 0 ? death || last : end, open: end < 0, status, serving, actor: event.actor, level: 0});
  };
  for (const exchange of model.exchanges) {
    add(exchange.asked, exchange.got, false);
    add(exchange.arrived, exchange.answered, true);
  }
  bars.sort((a, b) => a.begin - b.begin);
  const busy = new Map();
  for (const bar of bars) {
    if (!busy.has(bar.actor)) busy.set(bar.actor, []);
    const ends = busy.get(bar.actor);
    let level = ends.findIndex((end) => end <= bar.begin);
    if (level < 0) level = ends.length;
    ends[level] = bar.end;
    bar.level = level;
  }
  return bars;
}

// A function from an event to those that belong together with it: the same message, the other corners and attempts of its request.
function relations(model) {
  const byMessage = new Map();
  const byKey = new Map();
  const put = (map, key, event) => {
    if (!key) return;
    if (!map.has(key)) map.set(key, []);
    map.get(key).push(event);
  };
  for (const event of model.events) {
    put(byMessage, event.message, event);
    if (event.kind !== 'turn') put(byKey, event.key, event);
  }
  const RELATED_MAX = 200;
  return (event) => {
    const found = new Set([event]);
    for (const start of [...found]) {
      for (const one of byMessage.get(start.message) || []) found.add(one);
    }
    for (const start of [...found]) {
      for (const one of byKey.get(start.key) || []) found.add(one);
    }
    for (const start of [...found]) {
      for (const one of byMessage.get(start.message) || []) found.add(one);
    }
    return [...found].sort((a, b) => a.i - b.i).slice(0, RELATED_MAX);
  };
}

// The places of the shown events on an axis without unit. Compact: each event has room, a step grows with the logarithm of its time, and
// idle time is cut to a fixed width. Linear: a millisecond is one unit.
function makeAxis(events, mode) {
  // Only the longest pauses are cut out: many cuts would hide more than they save.
  const BREAKS_MAX = 12;
  const pauses = events.map((event, k) => (k ? event.ns - events[k - 1].ns : 0)).sort((a, b) => b - a);
  const IDLE_NS = Math.max(NANOSECONDS, pauses[BREAKS_MAX] || 0);
  const STEP_NS = 50e3;
  const stepOf = (pause) => 0.7 + Math.log2(1 + pause / STEP_NS);
  let busy = 0;
  for (let k = 1; k < events.length; k++) {
    const pause = events[k].ns - events[k - 1].ns;
    if (pause <= IDLE_NS) busy += stepOf(pause);
  }
  // Wide enough to be read when the whole run is in sight.
  const IDLE_WIDTH = Math.max(16, Math.min(0.02 * busy, 400));
  const place = new Float64Array(events.length);
  const breaks = [];
  for (let k = 1; k < events.length; k++) {
    const before = events[k - 1].ns;
    const pause = events[k].ns - before;
    if (mode === 'linear') {
      place[k] = (events[k].ns - events[0].ns) / 1e6;
    } else if (pause > IDLE_NS) {
      breaks.push({begin: place[k - 1] + IDLE_WIDTH * 0.08, end: place[k - 1] + IDLE_WIDTH * 0.92, ns: pause});
      place[k] = place[k - 1] + IDLE_WIDTH;
    } else {
      place[k] = place[k - 1] + stepOf(pause);
    }
  }
  const total = Math.max(events.length ? place[events.length - 1] : 0, 1e-6);
  return {place, breaks, total, events, mode};
}

// The first k with place[k] >= x.
function lowerBound(place, x) {
  let low = 0;
  let high = place.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (place[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

function elapsed(ns, decimals = 3) {
  const sign = ns < 0 ? '\u2212' : '+';
  return `${sign}${(Math.abs(ns) / NANOSECONDS).toFixed(decimals)} s`;
}

function lengthOf(ns) {
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toFixed(ns < 1e4 ? 1 : 0)} \u00b5s`;
  if (ns < 1e9) return `${(ns / 1e6).toFixed(ns < 1e7 ? 1 : 0)} ms`;
  if (ns < 60e9) return `${(ns / 1e9).toFixed(ns < 1e10 ? 1 : 0)} s`;
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
}
