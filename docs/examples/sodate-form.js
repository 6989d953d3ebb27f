// Sodate form helper; without it the form is a plain HTML post. `Sodate.client(url)` is its core for pages that draw
// their own form. One submission keeps one id over retries and reloads: it is stored once, whatever the network does.
(() => {
  const TEXTS = {
    ja: {
      required: '入力してください。', email: 'メールアドレスの形式をご確認ください。', phone: '電話番号の形式をご確認ください。',
      choice: '選択肢から選んでください。', number: '数字で入力してください。', too_small: 'もっと大きい値を入力してください。',
      too_large: 'もっと小さい値を入力してください。', date: '日付の形式をご確認ください。', too_long: '文字数を減らしてください。',
      control_character: '使用できない文字が含まれています。', unknown: '入力内容をご確認ください。',
      sending: '送信しています…', busy: '混み合っています。自動で再送します…', sent: '送信しました。',
      not_mailable: '受け付けました。ただし、このメールアドレスにはメールをお送りできません。',
      invalid_fields: '入力内容をご確認ください。', captcha: '確認をもう一度お試しください。',
      origin: `このページ（${location.origin}）からは送信できません。フォームの origins に登録されていないためです。入力内容は送信されていません。サイトの管理者にお知らせください。`,
      not_found: 'このフォームは現在受け付けていません。',
      too_large_body: '入力が長すぎるため送信できません。', bad_request: '送信できませんでした。サイトの管理者にお知らせください。',
      offline: 'インターネットに接続されていません。このページを開いたままお待ちください。接続が戻ると自動で送信します。',
      unreachable: '送信できませんでした。入力内容は残っています。時間をおいて、もう一度送信してください（二重に登録されることはありません）。',
    },
    en: {
      required: 'Please fill this in.', email: 'Please check the email address.', phone: 'Please check the phone number.',
      choice: 'Please choose one of the options.', number: 'Please enter a number.', too_small: 'Please enter a larger value.',
      too_large: 'Please enter a smaller value.', date: 'Please check the date.', too_long: 'Please shorten this.',
      control_character: 'This contains characters that cannot be used.', unknown: 'Please check this entry.',
      sending: 'Sending…', busy: 'Busy at the moment. Trying again by itself…', sent: 'Sent.',
      not_mailable: 'Received. We cannot send email to this address, though.',
      invalid_fields: 'Please check your entries.', captcha: 'Please solve the check again.',
      origin: `This page (${location.origin}) may not send this form: it is not in the form's origins. Nothing was sent. Please tell the owner of this website.`,
      not_found: 'This form is closed at the moment.',
      too_large_body: 'Your entries are too long to be sent.', bad_request: 'This could not be sent. Please tell the owner of this website.',
      offline: 'You are offline. Keep this page open: it sends by itself as soon as you are connected.',
      unreachable: 'This could not be sent. Your entries are still here: please try again later (it will not be registered twice).',
    },
  };
  const FINAL = { 404: 'not_found', 413: 'too_large_body' };
  const wait = ms => new Promise(done => setTimeout(done, ms));
  const text = (code, language) => {
    const texts = TEXTS[language?.startsWith('ja') ? 'ja' : 'en'];
    return texts[code] || texts.unknown;
  };
  // `crypto.randomUUID` is missing on pages without https.
  const newId = () => crypto.randomUUID?.() ||
    Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, '0')).join('');
  const hash = s => { let h = 5381; for (const c of s) h = (h * 33 ^ c.codePointAt(0)) >>> 0; return h.toString(36); };

  // What was filled in; a group of checkboxes is a list.
  const entries = form => {
    const data = new FormData(form), fields = {};
    for (const name of new Set(data.keys())) {
      const all = data.getAll(name).filter(value => typeof value === 'string');
      fields[name] = all.length > 1 ? all : all[0];
    }
    return fields;
  };

  // `patience_s`: after this long without an answer an attempt counts as lost, and is repeated with the same id.
  const client = (url, { attempts = 5, patience_s = 20 } = {}) => {
    const definition = url.replace(/\/submissions$/, ''), place = 'sodate:' + url;
    let token, fetched = 0, waits = 2, asking, busy, pending;
    try { pending = JSON.parse(sessionStorage.getItem(place)); } catch { /* no storage */ }
    const keep = value => {
      pending = value;
      try { value ? sessionStorage.setItem(place, JSON.stringify(value)) : sessionStorage.removeItem(place); } catch { /* none */ }
    };
    const ask = async (address, options, seconds = patience_s) => {
      const stop = new AbortController(), timer = setTimeout(() => stop.abort(), seconds * 1000);
      try {
        const r = await fetch(address, { ...options, signal: stop.signal });
        return { status: r.status, after: +r.headers.get('retry-after'), body: await r.json().catch(() => null) || {} };
      } catch { return null; } finally { clearTimeout(timer); }
    };
    // A form trusts a token for an hour at least.
    const isFresh = () => token && Date.now() - fetched < 3e6;
    const define = () => asking ||= ask(definition, {}, patience_s / 2).then(r => {
      asking = null;
      if (!isFresh() && r?.status === 200 && r.body._token)
        [token, fetched, waits] = [r.body._token, Date.now(), r.body.minimum_seconds ?? 2];
      return r;
    });
    // A post without a token counts as a script's. Fetched with the page, and anew by who sends much later.
    const refresh = async () => { if (!isFresh()) await define(); };
    const attempt = async (body, say) => {
      const own = body._token;
      for (let n = 0; ; n++) {
        say?.('sending');
        await refresh();
        if (isFresh()) await wait(Math.max(0, fetched + waits * 1000 + 300 - Date.now()));
        body._token = isFresh() ? token : own;
        const r = await ask(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
        // A proxy's page is 200 too, and says nothing of what is stored.
        if (r && (r.status < 300 ? r.body.status === 'accepted' : r.status < 500 && r.status !== 429)) return r;
        if (!r && navigator.onLine === false) {
          say?.('offline');
          await new Promise(done => addEventListener('online', done, { once: true }));
          n--;
          continue;
        }
        // A browser hides why it sent nothing; the definition says it: a page that is not listed, or a closed form.
        const why = r ? null : await define();
        if (why?.status === 403 || why?.status === 404) return why;
        if (n + 1 >= attempts) return null;
        say?.('busy');
        await wait(Math.min(Math.max(r?.after || 0, 2 ** n), 60) * 1000);
      }
    };
    const send = async (fields, say) => {
      // Other answers than those of the lost attempt are another submission; a check that was solved anew is none.
      const { 'cf-turnstile-response': solved, _captcha, _token, ...said } = fields, answers = hash(JSON.stringify(said));
      if (pending?.answers !== answers) keep({ id: newId(), answers });
      const query = new URLSearchParams(location.search), body = {};
      for (const k of ['source', 'medium', 'campaign', 'term', 'content'])
        if (query.get('utm_' + k)) body['_utm_' + k] = query.get('utm_' + k);
      for (const k of ['gclid', 'gbraid', 'wbraid', 'fbclid', 'msclkid', 'yclid'])
        if (query.get(k)) body['_' + k] = query.get(k);
      Object.assign(body, { _page_url: location.href, _referrer: document.referrer,
        _time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone }, fields, { _submission_id: pending.id });
      let r = await attempt(body, say);
      if (r?.body.error?.fields?._submission_id) {
        keep({ id: body._submission_id = newId(), answers });
        r = await attempt(body, say);
      }
      // The id stays until it is stored: the next try is the same submission.
      if (!r) return { ok: false, code: 'unreachable' };
      if (r.status < 300) {
        keep(null);
        return { ok: true, code: r.status === 202 ? 'not_mailable' : 'sent', ...r.body };
      }
      const code = r.body.error?.code || '';
      return { ok: false, status: r.status, fields: r.body.error?.fields || {},
        code: code.startsWith('captcha') ? 'captcha' : FINAL[r.status] || (text(code) !== text() ? code : 'bad_request') };
    };
    return { refresh, send: async (...all) => {
      if (busy) return { ok: false, code: 'sending' };
      busy = true;
      try { return await send(...all); } finally { busy = false; }
    } };
  };

  // Also by another copy of this script.
  const attached = window.Sodate?.attached || new WeakSet();
  const attach = form => {
    if (attached.has(form)) return;
    // `form.action` may be a field of that name; the class has what is the form's own.
    const own = HTMLFormElement.prototype, its = (method, ...all) => own[method].apply(form, all);
    const elements = () => [...Reflect.get(own, 'elements', form)];
    const language = its('getAttribute', 'lang') || document.documentElement.lang, notes = new Map();
    const { refresh, send } = client(new URL(its('getAttribute', 'action') || '', document.baseURI).href);
    attached.add(form);
    const status = its('querySelector', '[data-sodate-status]') ||
      its('appendChild', Object.assign(document.createElement('p'), { role: 'status' }));
    const controls = name => elements().filter(e => e.name === name && e.type !== 'hidden');
    const say = code => { status.textContent = text(code, language); };
    const clear = name => {
      const note = notes.get(name);
      if (!note) return;
      notes.delete(name);
      note.remove();
      for (const e of controls(name)) {
        e.removeAttribute('aria-invalid');
        const others = (e.getAttribute('aria-describedby') || '').split(' ').filter(id => id && id !== note.id);
        others.length ? e.setAttribute('aria-describedby', others.join(' ')) : e.removeAttribute('aria-describedby');
      }
    };
    const show = (name, codes) => {
      clear(name);
      const all = controls(name), last = all.at(-1);
      if (!last) { status.textContent += ` ${name}: ${text(codes[0], language)}`; return; }
      const note = Object.assign(document.createElement('span'), { id: 'sodate-' + newId(), className: 'sodate-error' });
      notes.set(name, note);
      note.textContent = codes.map(code => text(code, language)).join(' ');
      (last.closest('label') || last).after(note);
      for (const e of all) {
        e.setAttribute('aria-invalid', 'true');
        e.setAttribute('aria-describedby', `${e.getAttribute('aria-describedby') || ''} ${note.id}`.trim());
      }
    };
    const mark = fields => {
      for (const name in fields) show(name, fields[name]);
      its('querySelector', '[aria-invalid=true]')?.focus();
    };
    // The browser's own findings, in the words of this form and beside their fields.
    const check = () => {
      const wrong = {};
      for (const e of elements()) {
        const v = e.validity;
        if (!e.name || !e.willValidate || v.valid) continue;
        wrong[e.name] = [v.valueMissing ? 'required' : v.tooLong ? 'too_long' : v.rangeUnderflow ? 'too_small'
          : v.rangeOverflow ? 'too_large' : e.type in TEXTS.en ? e.type : 'unknown'];
      }
      return wrong;
    };
    const tell = (name, detail) => its('dispatchEvent', new CustomEvent(name, { bubbles: true, cancelable: true, detail }));
    its('setAttribute', 'novalidate', '');
    refresh();
    its('addEventListener', 'focusin', refresh);
    its('addEventListener', 'input', event => clear(event.target.name));
    its('addEventListener', 'submit', async event => {
      if (event.defaultPrevented) return;  // the page's own check said no
      event.preventDefault();
      const button = event.submitter || its('querySelector', 'button,[type=submit]');
      if (button?.disabled) return;
      for (const name of [...notes.keys()]) clear(name);
      const wrong = check();
      if (Object.keys(wrong).length) { say('invalid_fields'); mark(wrong); return; }
      if (button) button.disabled = true;
      try {
        const result = await send(entries(form), say);
        if (result.code === 'sending') return;
        say(result.code);
        if (result.ok) {
          its('reset');
          const go = tell('sodate:submitted', { submission_id: result.submission_id, form: its('getAttribute', 'id') || '' });
          if (go && result.redirect) location.assign(result.redirect);
        } else {
          mark(result.fields || {});
          if (result.code === 'captcha') window.turnstile?.reset();
          tell('sodate:failed', { code: result.code, status: result.status, fields: Object.keys(result.fields || {}) });
        }
      } finally { if (button) button.disabled = false; }
    });
  };

  window.Sodate = { attach, attached, client, entries, text };
  for (const form of document.querySelectorAll('form[data-sodate]'))
    try { attach(form); } catch (error) { console.error('sodate-form.js', error); }
})();
