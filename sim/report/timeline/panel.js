// The panel beside the chart: story, one event, console. Everything that comes from the run is set as text, never as markup.

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'class') made.className = value;
    else if (name === 'text') made.textContent = value;
    else if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

class Panel {
  constructor(model, select) {
    this.model = model;
    this.select = select;
    this.panes = {story: byId('story'), event: byId('event'), console: byId('console')};
    for (const name of Object.keys(this.panes)) byId(`tab-${name}`).addEventListener('click', () => this.show(name));
    this.buildStory();
    this.buildConsole();
    this.showEvent(null);
  }

  show(name) {
    for (const [each, pane] of Object.entries(this.panes)) {
      pane.hidden = each !== name;
      byId(`tab-${each}`).setAttribute('aria-selected', String(each === name));
    }
    if (name === 'console') this.fillConsole();
  }

  row(event) {
    const bad = event.kind === 'fault' || (event.kind === 'check' && event.value !== 0);
    const when = element('span', {class: 'when', text: `${elapsed(event.ns)}  ${event.actor.name}`});
    const what = element('span', {class: 'what', text: event.words});
    return element('button', {type: 'button', class: bad ? 'row bad' : 'row', 'data-number': event.number, onclick: () => this.select(event)}, when, what);
  }

  buildStory() {
    const {data, events, story} = this.model;
    const pane = this.panes.story;
    pane.append(element('h2', {text: 'What led to the failure'}));
    for (const i of story) pane.append(this.row(events[i]));
    const more = data.eventsInRun - story.length;
    if (more > 0) pane.append(element('p', {class: 'muted', text: `${more.toLocaleString('en')} more events in the run.`}));
    if (data.eventsInRun > events.length) {
      const left = (data.eventsInRun - events.length).toLocaleString('en');
      pane.append(element('p', {class: 'muted', text: `${left} of them are not in this file, turns of fibers first; edge replay prints them all.`}));
    }
    if (data.replay) pane.append(element('h2', {text: 'The same run again'}), element('pre', {id: 'replay', text: data.replay}));
  }

  mark(event) {
    for (const row of document.querySelectorAll('[data-number]')) {
      row.setAttribute('aria-current', String(Boolean(event) && row.dataset.number === String(event.number)));
    }
  }

  showEvent(event) {
    const pane = this.panes.event;
    pane.replaceChildren();
    if (!event) {
      pane.append(element('p', {class: 'muted', text: 'Click an event to see all that is known about it.'}));
      return;
    }
    pane.append(element('p', {class: 'lead', text: `${event.actor.name} ${event.words}`}));
    const list = element('dl');
    const fact = (name, value, code) => {
      if (value === '' || value === 0 || value === null || value === undefined) return;
      list.append(element('dt', {text: name}), element('dd', {class: code ? 'code' : '', text: String(value)}));
    };
    fact('event', event.number.toLocaleString('en'));
    fact('time', elapsed(event.ns, 9));
    fact('kind', event.kind);
    fact('actor', `${event.actor.name} (${event.actor.kind})`);
    fact('other side', event.peer && `${event.peer.name} (${event.peer.kind})`);
    fact('label', event.label, true);
    fact('value', event.value);
    fact('message', event.message, true);
    fact('causal key', event.key, true);
    fact('bytes hash', event.bytes, true);
    pane.append(list);
    for (const [name, text] of [['text', event.text], ['note', event.note]]) {
      if (text) pane.append(element('h2', {text: name}), element('pre', {text}));
    }
    const step = (text, title, by) => element('button', {type: 'button', text, title, onclick: () => this.select.step(by)});
    pane.append(element('div', {class: 'steps'}, step('\u2039 previous', 'Previous event (k)', -1), step('next \u203a', 'Next event (j)', 1)));
    const related = this.model.related(event).filter((one) => one !== event);
    if (related.length) {
      pane.append(element('h2', {text: 'Belongs together with'}));
      for (const one of related) pane.append(this.row(one));
    }
  }

  // Only the lines in sight are elements: there may be many thousands.
  buildConsole() {
    const pane = this.panes.console;
    this.space = element('div', {class: 'console-space'});
    pane.append(this.space);
    pane.addEventListener('scroll', () => this.fillConsole());
    if (this.model.logs.length === 0) pane.append(element('p', {class: 'muted', text: 'Nothing was printed.'}));
  }

  fillConsole() {
    const LINE = 26;
    const {logs} = this.model;
    const pane = this.panes.console;
    this.space.style.height = `${logs.length * LINE}px`;
    const first = Math.max(0, Math.floor(pane.scrollTop / LINE) - 10);
    const end = Math.min(logs.length, first + Math.ceil(pane.clientHeight / LINE) + 20);
    const lines = [];
    for (let n = first; n < end; n++) {
      const event = logs[n];
      const level = event.level === 'error' || event.level === 'warn' ? ` ${event.level}` : '';
      const when = element('span', {class: 'when', text: elapsed(event.ns)});
      const what = element('span', {class: 'what', text: event.kind === 'log' && event.text ? event.text : event.words});
      const line = element('button', {type: 'button', class: `console-line${level}`, 'data-number': event.number, title: event.words,
        onclick: () => this.select(event, 'console')}, when, what);
      line.style.top = `${n * LINE}px`;
      lines.push(line);
    }
    this.space.replaceChildren(...lines);
    this.mark(this.selected);
  }
}
