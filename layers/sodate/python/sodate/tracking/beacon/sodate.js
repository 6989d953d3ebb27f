// Sodate beacon: page views, time and scroll depth, downloads, calls to action and custom events of one website.
// It stores one entry in localStorage and no cookie, sends no parameter of a URL but utm_*, and never throws.
// Settings are attributes of its script tag: data-consent="required", data-downloads="pdf,zip", data-api,
// data-patience (seconds), data-local="allow" and data-webdriver="allow" (for tests). Calls: sodate("event", {name, fields}),
// sodate.consent(true | false), sodate.fields().
(function () {
var win = window, doc = document, nav = navigator, place = location, now = Date.now;
var script = doc.currentScript || doc.querySelector('script[src*="/sodate.js"]');
if (!script || (win.sodate && win.sodate.fields)) return;
var data = script.dataset, api = data.api || script.src.replace(/\/sodate\.js.*/, '');
var early = (win.sodate && win.sodate.q) || [];
var KEY = 'sodate', CLICK_IDS = ['gclid', 'gbraid', 'wbraid', 'fbclid', 'msclkid', 'yclid'];
var UTM = ['source', 'medium', 'campaign', 'term', 'content'];
var needsConsent = data.consent === 'required';
var extensions = (data.downloads || 'pdf,zip,xlsx,docx,pptx,csv').split(',');
var memory = {}, queue = [], waiting, running, started, path = '', token;
var load, number = 0, activeSince = 0, dwell = 0, depth = 0, sentDepth = 0, measuring;

// Whatever goes wrong in here stays in here.
function safe(act) {
  return function () {
    try { return act.apply(this, arguments); } catch (error) {}
  };
}
function on(target, name, act) { target.addEventListener(name, safe(act), true); }
function hex(bytes) {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), function (one) {
    return (one + 256).toString(16).slice(1);
  }).join('');
}
function query() { return new URLSearchParams(place.search); }
function read() {
  try { return JSON.parse(localStorage.getItem(KEY)) || {}; } catch (error) { return memory; }
}
function write(entry) {
  memory = entry;
  try { localStorage.setItem(KEY, JSON.stringify(entry)); } catch (error) {}
}

// Origin, path and utm_*: no other parameter, no fragment, no credentials.
function clean(url) {
  var full = new URL(url, place.href), kept = new URLSearchParams();
  UTM.forEach(function (name) {
    var value = full.searchParams.get('utm_' + name);
    if (value) kept.set('utm_' + name, value.slice(0, 100));
  });
  return full.origin + full.pathname + (kept.toString() && '?' + kept);
}
function referrer() {
  var from = doc.referrer && new URL(doc.referrer);
  return from && from.host !== place.host ? from.origin + from.pathname : '';
}

// v: visitor, i: session, b: its beginning, l: its latest event, o: where it came from, c: consent was given.
function current() {
  var entry = read(), at = now();
  if (!entry.v) entry.v = memory.v || hex(16);
  if (!entry.i || at - entry.l > 18e5 || at < entry.b || at - entry.b > 432e5) {
    entry.i = hex(8);
    entry.b = at;
    entry.o = {};
  }
  entry.l = at;
  var asked = query(), from = entry.o;
  UTM.forEach(function (name) { if (asked.get('utm_' + name)) from['_utm_' + name] = asked.get('utm_' + name); });
  CLICK_IDS.forEach(function (name) { if (asked.get(name)) from['_' + name] = asked.get(name); });
  if (!from._referrer && referrer()) from._referrer = referrer();
  write(entry);
  return entry;
}

function push(type, more) {
  if (!running) return;
  queue.push(Object.assign({ type: type, at: now(), url: clean(place.href) }, more));
  // A page view waits for what follows it: half of all pages are left sooner, and cost one request then.
  var patience = token || type !== 'page_view' ? 2000 : (data.patience || 20) * 1000;
  if (waiting && patience > 2000) return;
  clearTimeout(waiting);
  waiting = setTimeout(safe(flush), patience);
}
function flush() {
  clearTimeout(waiting);
  waiting = 0;
  while (running && (queue.length || token)) {
    var entry = current();
    if (!load || number > 120) { load = hex(4); number = 0; }
    var batch = { v: 1, visitor: entry.v, session: entry.i, started: entry.b, load: load, n: ++number,
      consent: !!entry.c, events: queue.splice(0, 40) };
    if (token) batch.token = token;
    token = '';
    send(batch, 0);
  }
}
function send(batch, tries) {
  if (!running) return;
  batch.sent_at = now();
  var body = JSON.stringify(batch);
  function again() {
    if (tries < 2) setTimeout(safe(function () { send(batch, tries + 1); }), 5000 * (tries + 1));
  }
  if (!win.Request || !('keepalive' in Request.prototype)) { nav.sendBeacon(api + '/events', body); return; }
  fetch(api + '/events', { method: 'POST', body: body, keepalive: true, credentials: 'omit',
    headers: { 'content-type': 'text/plain' } }).then(function (answer) {
    if (answer.status === 429 || answer.status > 499) again();
  }, again);
}

// Time counts while the page is visible and has the focus.
function measure() {
  var at = now();
  if (activeSince) dwell += at - activeSince;
  activeSince = doc.visibilityState === 'visible' && doc.hasFocus() ? at : 0;
}
function scrolled() {
  measuring = 0;
  var root = doc.documentElement, all = root.scrollHeight || 1;
  depth = Math.max(depth, Math.min(100, Math.round((win.scrollY + win.innerHeight) / all * 100)));
}
function leave() {
  measure();
  if (path && (dwell > 999 || depth > sentDepth)) {
    push('engagement', { url: path, dwell_ms: dwell, scroll: depth });
    dwell = 0;
    sentDepth = depth;
  }
}
function view() {
  var here = clean(place.href);
  if (!running || path.split('?')[0] === here.split('?')[0]) return;
  leave();
  push('page_view', { url: here, referrer: path ? '' : referrer() });
  path = here;
  dwell = depth = sentDepth = 0;
  setTimeout(safe(scrolled), 500);
}

function clicked(event) {
  var target = event.target, cta = target.closest('[data-sodate-cta]'), link = target.closest('a[href]');
  if (cta) push('cta', { id: cta.getAttribute('data-sodate-cta') });
  var file = link && /\.(\w+)$/.exec(new URL(link.href, place.href).pathname);
  if (file && extensions.indexOf(file[1].toLowerCase()) > -1) push('download', { url: clean(link.href) });
}
function fields() {
  if (!running) return {};
  var entry = current();
  return Object.assign({ _visitor: entry.v, _page_url: place.origin + place.pathname }, entry.o);
}
function fill(event) {
  var form = event.target, values = fields();
  if ((form.getAttribute('action') || '').indexOf(api + '/forms/')) return;
  Object.keys(values).forEach(function (name) {
    var input = form.querySelector('input[name="' + name + '"]');
    if (!input) {
      input = doc.createElement('input');
      input.type = 'hidden';
      input.name = name;
      form.appendChild(input);
    }
    if (!input.value) input.value = values[name];
  });
}

function start() {
  if (running || (needsConsent && !read().c)) return;
  if (doc.prerendering || doc.visibilityState !== 'visible') return;
  running = true;
  view();
  measure();
  early.splice(0).forEach(function (call) { command(call[0], call[1]); });
  if (started) return;
  started = true;
  on(doc, 'click', clicked);
  on(doc, 'auxclick', clicked);
  on(doc, 'submit', fill);
  on(win, 'focus', measure);
  on(win, 'blur', measure);
  on(win, 'popstate', view);
  on(win, 'scroll', function () { if (!measuring) measuring = setTimeout(safe(scrolled), 200); });
  on(win, 'pagehide', function () { leave(); flush(); });
  ['pushState', 'replaceState'].forEach(function (name) {
    var own = history[name];
    history[name] = function () {
      var result = own.apply(this, arguments);
      setTimeout(safe(view), 0);
      return result;
    };
  });
}
function command(name, value) {
  if (name === 'event' && !running) { if (early.length < 20) early.push([name, value]); }
  else if (name === 'event') push('custom', { name: value.name, fields: value.fields });
}
function consent(given) {
  if (!given) {
    running = false;
    queue = [];
    memory = {};
    try { localStorage.removeItem(KEY); } catch (error) {}
    return;
  }
  if (refused) return;
  var entry = read();
  entry.c = 1;
  write(entry);
  start();
}

win.sodate = safe(command);
win.sodate.consent = safe(consent);
win.sodate.fields = safe(fields);
// The token of a link in an email leaves the address bar, whether or not anything may be sent.
safe(function () {
  var asked = query();
  token = asked.get('sd_v');
  if (token === null) return;
  asked.delete('sd_v');
  history.replaceState(history.state, '', place.pathname + (asked.toString() && '?' + asked) + place.hash);
})();
var refused = nav.globalPrivacyControl || nav.doNotTrack === '1' || win.top !== win ||
  (nav.webdriver && data.webdriver !== 'allow') ||
  (data.local !== 'allow' && (place.protocol === 'file:' || /^(localhost|127\.|\[::1\])/.test(place.hostname)));
if (refused) return;
on(doc, 'visibilitychange', function () {
  if (doc.visibilityState === 'visible') { start(); measure(); } else { leave(); flush(); }
});
on(doc, 'prerenderingchange', start);
safe(start)();
})();
