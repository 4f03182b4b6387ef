// Draws the chart and the overview. Knows the view (which part, how large) and remembers what it drew where, for the pointer.

const GUTTER = 128;      // the column of the lanes' names
const AXIS_HEIGHT = 26;
const LANE_MIN = 66;
const LANE_MAX = 150;
const WORLD_HEIGHT = 44;
const BAR = 13;

class Drawing {
  constructor(chart, overview, model) {
    this.chart = chart;
    this.overview = overview;
    this.model = model;
    this.view = {offset: 0, scale: 1};
    this.hits = [];
    this.lanes = new Map();
    this.colors = {};
    this.readColors();
  }

  readColors() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ['ground', 'surface', 'raised', 'text', 'muted', 'faint', 'line', 'lane', 'accent', 'accent-soft', 'teal', 'teal-soft', 'ok',
      'warn', 'warn-soft', 'bad', 'bad-soft', 'violet', 'mark', 'sans', 'mono']) {
      this.colors[name] = style.getPropertyValue(`--${name}`).trim();
    }
  }

  setAxis(axis) {
    this.axis = axis;
    this.placeOf = new Float64Array(this.model.events.length);
    let k = 0;
    for (const event of this.model.events) {
      while (k + 1 < axis.events.length && axis.events[k + 1].i <= event.i) k++;
      this.placeOf[event.i] = axis.place.length ? axis.place[k] : 0;
    }
  }

  // Sizes both canvases to their boxes and lays out the lanes.
  resize(box, shownActors) {
    const ratio = window.devicePixelRatio || 1;
    this.ratio = ratio;
    this.width = Math.max(240, box.clientWidth);
    const rest = shownActors.filter((actor) => actor.kind !== 'world').length;
    const world = shownActors.length > rest ? WORLD_HEIGHT : 0;
    const room = Math.max(120, box.clientHeight) - AXIS_HEIGHT - world;
    const laneHeight = Math.min(LANE_MAX, Math.max(LANE_MIN, rest ? Math.floor(room / rest) : LANE_MIN));
    this.height = Math.max(box.clientHeight, AXIS_HEIGHT + world + rest * laneHeight);
    this.lanes = new Map();
    let y = AXIS_HEIGHT;
    for (const actor of shownActors) {
      const height = actor.kind === 'world' ? WORLD_HEIGHT : laneHeight;
      this.lanes.set(actor, {actor, top: y, height, middle: y + (actor.kind === 'world' ? 28 : height / 2)});
      y += height;
    }
    this.bottom = y;
    for (const [canvas, width, height] of [[this.chart, this.width, this.height], [this.overview, this.width, 42]]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.chart.style.height = `${this.height}px`;
  }

  get plotWidth() { return this.width - GUTTER - 18; }
  get fitScale() { return (this.plotWidth - 12) / this.axis.total; }
  get maxScale() { return this.axis.mode === 'linear' ? 40000 : 160; }

  x(place) { return GUTTER + 6 + (place - this.view.offset) * this.view.scale; }
  xOf(event) { return this.x(this.placeOf[event.i]); }
  place(x) { return (x - GUTTER - 6) / this.view.scale + this.view.offset; }

  clampView() {
    const view = this.view;
    view.scale = Math.min(Math.max(view.scale, this.fitScale), Math.max(this.maxScale, this.fitScale));
    const shown = (this.plotWidth - 12) / view.scale;
    view.offset = Math.max(0, Math.min(view.offset, this.axis.total - shown));
  }

  fit() {
    this.view = {offset: 0, scale: this.fitScale};
  }

  zoom(factor, x) {
    const at = this.place(x);
    this.view.scale *= factor;
    this.clampView();
    this.view.offset = at - (x - GUTTER - 6) / this.view.scale;
    this.clampView();
  }

  pan(pixels) {
    this.view.offset += pixels / this.view.scale;
    this.clampView();
  }

  // --- the chart ---

  draw(state) {
    const g = this.chart.getContext('2d');
    const c = this.colors;
    g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    g.fillStyle = c.surface;
    g.fillRect(0, 0, this.width, this.height);
    this.hits = [];
    this.drawLanes(g);
    g.save();
    g.beginPath();
    g.rect(GUTTER, 0, this.width - GUTTER, this.height);
    g.clip();
    this.drawBreaks(g);
    this.drawLife(g);
    this.drawAxis(g);
    this.drawPhases(g, state);
    this.drawFailure(g);
    if (state.shown.has('send')) this.drawMessages(g, state);
    if (state.shown.has('connect')) this.drawHandshakes(g, state);
    if (state.shown.has('request')) this.drawExchanges(g, state);
    if (state.shown.has('request')) this.drawBars(g, state);
    this.drawMarks(g, state);
    g.restore();
  }

  drawLanes(g) {
    const c = this.colors;
    for (const lane of this.lanes.values()) {
      g.fillStyle = c.line;
      g.fillRect(0, lane.top, this.width, 1);
      g.fillStyle = c.text;
      g.font = `600 12.5px ${c.sans}`;
      g.textBaseline = 'middle';
      const y = lane.actor.kind === 'world' ? lane.top + lane.height / 2 : lane.middle - 7;
      g.fillText(cut(g, lane.actor.name, GUTTER - 24), 14, y);
      if (lane.actor.kind === 'world') continue;
      g.fillStyle = c.muted;
      g.font = `11px ${c.sans}`;
      g.fillText(lane.actor.kind, 14, lane.middle + 9);
    }
    g.fillStyle = c.line;
    g.fillRect(0, this.bottom, this.width, 1);
    g.fillRect(GUTTER - 1, 0, 1, this.bottom);
  }

  drawBreaks(g) {
    const c = this.colors;
    for (const gap of this.axis.breaks) {
      const left = this.x(gap.begin);
      const right = this.x(gap.end);
      if (right < GUTTER || left > this.width) continue;
      g.fillStyle = c.raised;
      g.fillRect(left, AXIS_HEIGHT, right - left, this.bottom - AXIS_HEIGHT);
      g.strokeStyle = c.lane;
      g.lineWidth = 1;
      g.setLineDash([2, 3]);
      for (const x of [left, right]) line(g, x, AXIS_HEIGHT, x, this.bottom);
      g.setLineDash([]);
      g.font = `11px ${c.sans}`;
      const text = lengthOf(gap.ns);
      if (right - left < 14) continue;
      g.save();
      g.fillStyle = c.muted;
      g.textAlign = 'center';
      g.translate((left + right) / 2, (AXIS_HEIGHT + this.bottom) / 2);
      if (right - left < g.measureText(`${text} idle`).width + 8) g.rotate(-Math.PI / 2);
      g.fillText(`${text} idle`, 0, 0);
      g.restore();
    }
  }

  // The line of each lane: whole while its actor is up, hatched while it is down or paused.
  drawLife(g) {
    const c = this.colors;
    for (const lane of this.lanes.values()) {
      if (lane.actor.kind === 'world') continue;
      g.strokeStyle = c.lane;
      g.lineWidth = 1;
      line(g, GUTTER, lane.middle, this.width, lane.middle);
    }
    const since = new Map();
    const down = (lane, from, to, state) => {
      const left = Math.max(GUTTER, this.x(from));
      const right = Math.min(this.width, this.x(to));
      if (right <= left) return;
      const paused = state === 'paused';
      g.fillStyle = paused ? c['warn-soft'] : c['bad-soft'];
      g.globalAlpha = 0.75;
      g.fillRect(left, lane.top + 1, right - left, lane.height - 1);
      g.globalAlpha = 1;
      g.font = `11px ${c.sans}`;
      g.fillStyle = paused ? c.warn : c.bad;
      g.textBaseline = 'middle';
      g.textAlign = 'center';
      if (g.measureText(state).width < right - left - 8) g.fillText(state, (left + right) / 2, lane.middle - 8);
      g.textAlign = 'left';
    };
    for (const event of this.model.lives) {
      const lane = this.lanes.get(event.actor);
      if (!lane) continue;
      const begun = since.get(lane);
      if (begun) down(lane, begun.place, this.placeOf[event.i], begun.state);
      since.delete(lane);
      if (DOWN.test(event.label)) since.set(lane, {place: this.placeOf[event.i], state: 'down'});
      if (/pause/.test(event.label)) since.set(lane, {place: this.placeOf[event.i], state: 'paused'});
    }
    for (const [lane, begun] of since) down(lane, begun.place, this.place(this.width), begun.state);
  }

  // Moments of events, as many as have room.
  drawAxis(g) {
    const c = this.colors;
    g.fillStyle = c.surface;
    g.fillRect(GUTTER, 0, this.width, AXIS_HEIGHT);
    g.font = `11px ${c.sans}`;
    g.textBaseline = 'middle';
    let free = GUTTER + 4;
    const failure = this.model.events[this.model.failure];
    const flag = failure ? Math.min(this.xOf(failure), this.width - 30) : -1000;
    const {place, events} = this.axis;
    let k = lowerBound(place, this.view.offset - 1e-9);
    while (k < events.length) {
      const x = this.x(place[k]);
      if (x > this.width - 30) break;
      const next = k + 1 < events.length && this.x(place[Math.min(k + 12, events.length - 1)]) - x;
      const near = next && events[Math.min(k + 12, events.length - 1)].ns - events[k].ns < 5e6;
      const text = elapsed(events[k].ns, near && this.view.scale > 6 ? 6 : 3);
      g.fillStyle = c.lane;
      g.fillRect(x, AXIS_HEIGHT - 5, 1, 5);
      g.globalAlpha = 0.45;
      g.fillStyle = c.line;
      g.fillRect(x, AXIS_HEIGHT, 1, this.bottom - AXIS_HEIGHT);
      g.globalAlpha = 1;
      const width = g.measureText(text).width;
      const left = Math.max(free, x - width / 2);
      if (left + width < this.width && (left + width < flag - 34 || left > flag + 34)) {
        g.fillStyle = c.muted;
        g.fillText(text, left, AXIS_HEIGHT / 2);
      }
      free = left + width + 26;
      k = Math.max(k + 1, lowerBound(place, this.place(Math.max(free + width / 2 - 10, x + 70))));
    }
  }

  drawPhases(g, state) {
    if (!state.shown.has('phase')) return;
    const c = this.colors;
    for (const event of this.model.phases) {
      const x = this.xOf(event);
      if (x < GUTTER - 1 || x > this.width) continue;
      g.strokeStyle = c.faint;
      g.lineWidth = 1;
      g.setLineDash([4, 4]);
      line(g, x, AXIS_HEIGHT, x, this.bottom);
      g.setLineDash([]);
    }
  }

  drawFailure(g) {
    const event = this.model.events[this.model.failure];
    if (!event) return;
    const x = this.xOf(event);
    if (x < GUTTER - 2 || x > this.width + 2) return;
    g.strokeStyle = this.colors.bad;
    g.lineWidth = 1.5;
    line(g, x, AXIS_HEIGHT - 6, x, this.bottom);
    g.font = `600 11px ${this.colors.sans}`;
    const width = g.measureText('failed').width + 12;
    const left = Math.min(x - width / 2, this.width - width - 2);
    g.fillStyle = this.colors.surface;
    g.fillRect(left - 8, 2, width + 16, AXIS_HEIGHT - 6);
    g.fillStyle = this.colors.bad;
    roundRect(g, left, 4, width, 17, 4);
    g.fill();
    g.fillStyle = this.colors.surface;
    g.textBaseline = 'middle';
    g.fillText('failed', left + 6, 12.5);
  }

  barY(lane, level) {
    const levels = 1 + Math.max(0, Math.floor((lane.height / 2 - BAR / 2 - 19) / (BAR + 2)));
    return lane.middle - BAR / 2 - (level % levels) * (BAR + 2);
  }

  drawBars(g, state) {
    const c = this.colors;
    g.font = `11px ${c.sans}`;
    g.textBaseline = 'middle';
    const filled = new Map();  // lane and level -> the last pixel that has a bar
    for (const bar of this.model.bars) {
      const lane = this.lanes.get(bar.actor);
      const left = this.x(this.placeOf[bar.begin]);
      const right = bar.open ? Math.min(this.x(this.placeOf[bar.end]), this.width + 10) : this.x(this.placeOf[bar.end]);
      if (!lane || right < GUTTER || left > this.width) continue;
      const event = this.model.events[bar.begin];
      const row = bar.actor.index * 256 + bar.level;
      const chosen = state.isLit(event) || state.matches.has(bar.begin);
      if (right <= (filled.get(row) || -1) && !chosen) continue;
      filled.set(row, Math.max(right, left + 1.5));
      const tone = bar.status === 0 || bar.status >= 500 ? 'bad' : bar.status >= 400 ? 'warn' : bar.serving ? 'teal' : 'accent';
      const y = this.barY(lane, bar.level);
      const width = Math.max(3, right - left);
      g.globalAlpha = state.dimmed(event) ? 0.4 : 1;
      roundRect(g, left, y, width, BAR, Math.min(4, width / 2));
      g.fillStyle = c[`${tone}-soft`];
      g.fill();
      g.strokeStyle = c[tone];
      g.lineWidth = state.isLit(event) ? 2 : 1;
      if (bar.open) g.setLineDash([4, 3]);
      g.stroke();
      g.setLineDash([]);
      const shownLeft = Math.max(left, GUTTER);
      const status = bar.open ? 'no answer' : bar.status || 'no answer';
      const room = Math.min(right, this.width) - shownLeft - 10;
      const text = room < 20 ? '' : cut(g, `${requestOf(event)}  ${status}`, room);
      if (text.length > 4) {
        g.fillStyle = c[tone];
        g.fillText(text, shownLeft + 5, y + BAR / 2 + 0.5);
      }
      g.globalAlpha = 1;
      if (state.matches.has(bar.begin) || (!bar.open && state.matches.has(bar.end))) this.halo(g, left - 2, y - 2, width + 4, BAR + 4);
      this.hits.push({event, left: shownLeft - 2, top: y - 1, right: Math.max(right, left + 3) + 2, bottom: y + BAR + 1, area: width});
      if (state.selected === bar.begin || (!bar.open && state.selected === bar.end)) this.ring(g, left - 2, y - 2, width + 4, BAR + 4);
    }
  }

  drawMessages(g, state) {
    const c = this.colors;
    // Where arrows stand closer than pixels one of them is enough, and a crowd of them is pale.
    const CROWD = 240;
    const taken = new Set();
    const seen = [];
    for (const arrow of this.model.arrows) {
      const from = this.lanes.get(arrow.from.actor);
      const to = this.lanes.get(arrow.peer);
      if (!from || !to || from === to) continue;
      const x1 = this.xOf(arrow.from);
      const x2 = arrow.to ? this.xOf(arrow.to) : x1;
      if (x2 < GUTTER - 40 || x1 > this.width) continue;
      const lit = state.isLit(arrow.from);
      const where = ((from.top * 4096 + to.top) * 8192 + Math.round(x1 + 2000)) * 8192 + Math.round(x2 + 2000);
      if (taken.has(where) && !lit) continue;
      taken.add(where);
      seen.push({arrow, from, to, x1, x2, lit});
    }
    const alpha = Math.max(0.16, Math.min(1, CROWD / seen.length));
    for (const {arrow, from, to, x1, x2, lit} of seen) {
      g.globalAlpha = state.dimmed(arrow.from) ? 0.25 * alpha : lit ? 1 : alpha;
      if (arrow.to) {
        this.arrow(g, x1, from, x2, to, lit ? c.text : c.faint, lit ? 1.75 : 1, seen.length < 4 * CROWD || lit);
      } else {
        g.globalAlpha = state.dimmed(arrow.from) ? 0.4 : 1;
        const y1 = edgeOf(from, to);
        const y2 = y1 + (edgeOf(to, from) - y1) * 0.5;
        const end = x1 + Math.max(6, Math.min(24, this.view.scale * 4));
        g.strokeStyle = c.bad;
        g.lineWidth = lit ? 2 : 1.25;
        g.setLineDash([4, 3]);
        line(g, x1, y1, end, y2);
        g.setLineDash([]);
        cross(g, end, y2, 4);
      }
    }
    g.globalAlpha = 1;
  }

  // Only where there is room: in a crowd they say less than they hide.
  drawHandshakes(g, state) {
    const seen = this.model.handshakes.filter(({from, to}) => {
      const lanes = this.lanes.get(from.actor) && this.lanes.get(to.actor) && this.lanes.get(from.actor) !== this.lanes.get(to.actor);
      return lanes && this.xOf(to) > GUTTER && this.xOf(from) < this.width && (this.xOf(to) - this.xOf(from) > 5 || state.isLit(from));
    });
    if (seen.length > 200) return;
    g.setLineDash([2, 3]);
    for (const {from, to} of seen) {
      g.globalAlpha = state.dimmed(from) ? 0.25 : 0.8;
      this.arrow(g, this.xOf(from), this.lanes.get(from.actor), this.xOf(to), this.lanes.get(to.actor), this.colors.teal, state.isLit(from) ? 1.75 : 1);
    }
    g.setLineDash([]);
    g.globalAlpha = 1;
  }

  drawExchanges(g, state) {
    const c = this.colors;
    for (const exchange of this.model.exchanges) {
      for (const [a, b] of [[exchange.asked, exchange.arrived], [exchange.answered, exchange.got]]) {
        if (a < 0 || b < 0) continue;
        const start = this.model.events[a];
        const end = this.model.events[b];
        // Its message is an arrow already, and nearly the same one.
        if (state.shown.has('send') && this.model.arrows.length && !state.isLit(start)) continue;
        const from = this.lanes.get(start.actor);
        const to = this.lanes.get(end.actor);
        // An answer that its asker never saw is no arrow: what the asker got is an error of its own.
        if (!from || !to || from === to || (b === exchange.got && end.value === 0)) continue;
        const x1 = this.xOf(start);
        const x2 = this.xOf(end);
        if (Math.max(x1, x2) < GUTTER || Math.min(x1, x2) > this.width) continue;
        g.globalAlpha = state.dimmed(start) ? 0.25 : 0.9;
        this.arrow(g, x1, from, x2, to, c.accent, state.isLit(start) ? 2 : 1.25);
      }
    }
    g.globalAlpha = 1;
  }

  arrow(g, x1, from, x2, to, color, width, withHead = true) {
    const y1 = edgeOf(from, to);
    const y2 = edgeOf(to, from);
    g.strokeStyle = color;
    g.fillStyle = color;
    g.lineWidth = width;
    line(g, x1, y1, x2, y2);
    if (!withHead) return;
    const angle = Math.atan2(y2 - y1, x2 - x1);
    const size = 5.5;
    g.beginPath();
    g.moveTo(x2, y2);
    g.lineTo(x2 - size * Math.cos(angle - 0.42), y2 - size * Math.sin(angle - 0.42));
    g.lineTo(x2 - size * Math.cos(angle + 0.42), y2 - size * Math.sin(angle + 0.42));
    g.fill();
  }

  // Every shown event that is a point, from left to right; texts beside faults and console lines as far as there is room.
  drawMarks(g, state) {
    const c = this.colors;
    const {place, events} = this.axis;
    const first = lowerBound(place, this.place(GUTTER - 400));
    const texts = new Map();  // lane and track -> what is to be written there
    const occupied = new Map();  // lane, track and kind -> the last pixel that has a mark
    for (let k = first; k < events.length; k++) {
      const event = events[k];
      const lane = this.lanes.get(event.actor);
      if (!lane) continue;
      const x = this.x(place[k]);
      if (x > this.width + 10) break;
      const look = KINDS[event.group];
      const y = this.markY(lane, look, event);
      const chosen = state.selected === event.i || state.matches.has(event.i);
      const slot = event.actor.index * 32 + event.kindNumber;
      const crowded = occupied.has(slot) && x - occupied.get(slot) < 1.5;
      const inBar = this.model.inBar.has(event.i) || (event.group === 'send' && this.view.scale < 6);
      if ((!crowded && !inBar) || (chosen && !this.model.inBar.has(event.i))) {
        occupied.set(slot, x);
        if (state.matches.has(event.i)) this.halo(g, x - 8, y - 8, 16, 16);
        g.globalAlpha = state.dimmed(event) ? 0.4 : 1;
        this.mark(g, look, event, x, y);
        g.globalAlpha = 1;
        if (state.selected === event.i) this.ring(g, x - 8, y - 8, 16, 16);
        const reach = event.kind === 'fault' || event.kind === 'life' ? 8 : 6;
        this.hits.push({event, left: x - reach, top: y - reach, right: x + reach, bottom: y + reach, area: 0});
      }
      if (look.track === 'top' || look.track === 'bottom') {
        const track = event.actor.index * 2 + (look.track === 'top' ? 0 : 1);
        if (!texts.has(track)) texts.set(track, []);
        texts.get(track).push({event, x, y});
      }
    }
    for (const list of texts.values()) this.writeTexts(g, list, state);
  }

  writeTexts(g, list, state) {
    const c = this.colors;
    g.textBaseline = 'middle';
    list.forEach(({event, x, y}, n) => {
      const next = n + 1 < list.length ? list[n + 1].x - 8 : this.width - 6;
      const room = Math.min(next, this.width - 6) - x - 9;
      if (room < 24 || x + room < GUTTER) return;
      const log = event.group === 'log';
      g.font = log ? `11px ${c.mono}` : `11px ${c.sans}`;
      const failed = event.kind === 'check' && event.value !== 0;
      g.fillStyle = event.kind === 'fault' || failed ? c.bad : log ? this.logColor(event) : c.muted;
      g.globalAlpha = state.dimmed(event) ? 0.4 : 1;
      const text = cut(g, textOf(event), room);
      if (text.length > 3) {
        this.outline(g, text, x + 9, y + 0.5);
        g.fillText(text, x + 9, y + 0.5);
        this.hits.push({event, left: x, top: y - 7, right: x + 9 + g.measureText(text).width, bottom: y + 7, area: 1});
      }
      g.globalAlpha = 1;
    });
  }

  logColor(event) {
    if (event.level === 'error') return this.colors.bad;
    return event.level === 'warn' ? this.colors.warn : this.colors.muted;
  }

  markY(lane, look, event) {
    if (lane.actor.kind === 'world') return lane.top + lane.height / 2;
    if (look.track === 'top') return lane.top + 12;
    if (look.track === 'bottom') return lane.top + lane.height - 12;
    return look.track === 'low' ? lane.middle + 13 : lane.middle;
  }

  mark(g, look, event, x, y) {
    const c = this.colors;
    let color = c[look.color.slice(2)];
    if (event.group === 'log') color = this.logColor(event);
    if (event.kind === 'check') color = event.value !== 0 ? c.bad : c.ok;
    if (event.kind === 'life' && /crash|power_loss/.test(event.label)) color = c.bad;
    g.fillStyle = color;
    g.strokeStyle = color;
    g.lineWidth = 1.5;
    if (look.shape === 'diamond' && this.lanes.get(event.actor)) {
      const lane = this.lanes.get(event.actor);
      g.globalAlpha *= 0.35;
      line(g, x, lane.top + 1, x, lane.top + lane.height);
      g.globalAlpha /= 0.35;
    }
    if (event.kind === 'life' && /crash|power_loss/.test(event.label)) return cross(g, x, y, 5);
    shape(g, event.kind === 'request' || event.kind === 'response' ? 'pin' : event.group === 'send' ? 'speck' : look.shape, x, y);
  }

  // Keeps text readable where lines cross it.
  outline(g, text, x, y) {
    g.strokeStyle = this.colors.surface;
    g.lineWidth = 3;
    g.lineJoin = 'round';
    g.strokeText(text, x, y);
  }

  halo(g, x, y, width, height) {
    g.strokeStyle = this.colors.mark;
    g.lineWidth = 3;
    roundRect(g, x, y, width, height, 6);
    g.stroke();
  }

  ring(g, x, y, width, height) {
    g.strokeStyle = this.colors.accent;
    g.lineWidth = 2;
    roundRect(g, x, y, width, height, 6);
    g.stroke();
  }

  // The event under the pointer: the smallest and topmost thing there.
  hit(x, y) {
    if (x < GUTTER) return null;
    let best = null;
    let least = Infinity;
    for (const hit of this.hits) {
      if (x < hit.left || x > hit.right || y < hit.top || y > hit.bottom) continue;
      const distance = Math.hypot(x - (hit.left + hit.right) / 2, y - (hit.top + hit.bottom) / 2);
      const cost = hit.area > 0 ? 1000 + hit.area : distance;
      if (cost <= least) [best, least] = [hit.event, cost];
    }
    return best;
  }

  // Where an event's mark is, in pixels of the chart.
  pointOf(event) {
    const lane = this.lanes.get(event.actor);
    if (!lane) return null;
    const bar = this.model.bars.find((one) => one.begin === event.i);
    const y = bar ? this.barY(lane, bar.level) + BAR / 2 : this.markY(lane, KINDS[event.group], event);
    return {x: this.xOf(event), y};
  }

  // --- the overview ---

  overviewX(place) { return GUTTER + 6 + (place / this.axis.total) * (this.plotWidth - 12); }
  overviewPlace(x) { return ((x - GUTTER - 6) / (this.plotWidth - 12)) * this.axis.total; }

  // Events per three pixels of the overview; counted once per axis and width.
  density() {
    const known = this.counted;
    if (known && known.axis === this.axis && known.width === this.width) return known.counts;
    const counts = new Float64Array(Math.ceil(this.width / 3) + 1);
    for (let k = 0; k < this.axis.events.length; k++) counts[Math.floor(this.overviewX(this.axis.place[k]) / 3)]++;
    this.counted = {axis: this.axis, width: this.width, counts};
    return counts;
  }

  drawOverview(state) {
    const g = this.overview.getContext('2d');
    const c = this.colors;
    const height = 42;
    g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    g.fillStyle = c.ground;
    g.fillRect(0, 0, this.width, height);
    g.font = `11px ${c.sans}`;
    g.fillStyle = c.muted;
    g.textBaseline = 'middle';
    g.fillText('whole run', 14, height / 2);

    const counts = this.density();
    const most = Math.max(1, ...counts);
    g.fillStyle = c.lane;
    counts.forEach((count, n) => {
      if (count) g.fillRect(n * 3, height - 6 - Math.sqrt(count / most) * 20, 2, Math.sqrt(count / most) * 20);
    });
    for (let k = 0; k < this.axis.events.length; k++) {
      const event = this.axis.events[k];
      if (event.kind !== 'fault' && !state.matches.has(event.i)) continue;
      g.fillStyle = event.kind === 'fault' ? c.bad : c.mark;
      g.fillRect(this.overviewX(this.axis.place[k]) - 1, 6, 2, event.kind === 'fault' ? 10 : 30);
    }
    const failure = this.model.events[this.model.failure];
    if (failure) {
      g.fillStyle = c.bad;
      g.fillRect(this.overviewX(this.placeOf[failure.i]) - 1, 4, 2, height - 8);
    }
    const left = this.overviewX(this.view.offset);
    const right = this.overviewX(this.view.offset + (this.plotWidth - 12) / this.view.scale);
    g.fillStyle = c.accent;
    g.globalAlpha = 0.1;
    g.fillRect(left, 3, right - left, height - 6);
    g.globalAlpha = 1;
    g.strokeStyle = c.accent;
    g.lineWidth = 1;
    roundRect(g, left, 3, Math.max(4, right - left), height - 6, 4);
    g.stroke();
  }
}

// --- small shapes ---

function line(g, x1, y1, x2, y2) {
  g.beginPath();
  g.moveTo(x1, y1);
  g.lineTo(x2, y2);
  g.stroke();
}

function roundRect(g, x, y, width, height, radius) {
  const r = Math.max(0, Math.min(radius, width / 2, height / 2));
  g.beginPath();
  g.moveTo(x + r, y);
  g.arcTo(x + width, y, x + width, y + height, r);
  g.arcTo(x + width, y + height, x, y + height, r);
  g.arcTo(x, y + height, x, y, r);
  g.arcTo(x, y, x + width, y, r);
  g.closePath();
}

function cross(g, x, y, size) {
  g.lineWidth = 2;
  line(g, x - size, y - size, x + size, y + size);
  line(g, x - size, y + size, x + size, y - size);
}

// A mark around (x, y) in the colours that are set.
function shape(g, what, x, y) {
  g.beginPath();
  switch (what) {
    case 'diamond':
      g.moveTo(x, y - 6);
      g.lineTo(x + 6, y);
      g.lineTo(x, y + 6);
      g.lineTo(x - 6, y);
      g.closePath();
      g.fill();
      break;
    case 'square':
      g.fillRect(x - 4, y - 4, 8, 8);
      break;
    case 'line':
      g.moveTo(x - 3, y - 5);
      g.lineTo(x + 4, y);
      g.lineTo(x - 3, y + 5);
      g.closePath();
      g.fill();
      break;
    case 'ring':
      g.arc(x, y, 3.5, 0, 7);
      g.lineWidth = 1.5;
      g.stroke();
      break;
    case 'flag':
      g.fillRect(x - 1, y - 6, 2, 13);
      g.moveTo(x, y - 6);
      g.lineTo(x + 7, y - 3);
      g.lineTo(x, y);
      g.fill();
      break;
    case 'bar':
      roundRect(g, x - 7, y - 4, 14, 8, 2.5);
      g.lineWidth = 1.25;
      g.stroke();
      break;
    case 'arrow':
      line(g, x - 6, y + 4, x + 4, y - 3);
      g.beginPath();
      g.moveTo(x + 6, y - 4.5);
      g.lineTo(x + 0.5, y - 3.5);
      g.lineTo(x + 3.5, y + 1);
      g.fill();
      break;
    case 'cross':
      line(g, x - 3, y, x + 3, y);
      line(g, x, y - 3, x, y + 3);
      break;
    case 'tick':
      g.fillRect(x - 0.5, y - 4, 1, 8);
      break;
    case 'pin':
      g.fillRect(x - 0.75, y - 6.5, 1.5, 13);
      break;
    case 'speck':
      g.arc(x, y, 1.75, 0, 7);
      g.fill();
      break;
    default:
      g.arc(x, y, 3, 0, 7);
      g.fill();
  }
}

// Where a message leaves or enters a lane: on the side of the other one.
function edgeOf(lane, other) {
  const away = BAR / 2 + 1;
  return lane.middle + (other.middle > lane.middle ? away : -away);
}

// `text` cut to `room` pixels in the current font.
function cut(g, text, room) {
  const LONGEST = 200;
  let shown = text.length > LONGEST ? `${text.slice(0, LONGEST)}\u2026` : text;
  if (g.measureText(shown).width <= room) return shown;
  let low = 0;
  let high = shown.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (g.measureText(`${shown.slice(0, middle)}\u2026`).width <= room) low = middle;
    else high = middle - 1;
  }
  return low > 0 ? `${shown.slice(0, low)}\u2026` : '';
}

function requestOf(event) {
  const words = event.words;
  const colon = words.indexOf(': ');
  return colon < 0 ? words : words.slice(colon + 2);
}

// What stands beside a mark.
function textOf(event) {
  if (event.group === 'log') return event.words.replace(/^\w+: /, '');
  if (event.kind === 'fault') return event.words.replace(/^FAULT /, '').replace(/ \([a-z_.]+\)/, '');
  return event.words.replace(/^phase |^check /, '');
}
