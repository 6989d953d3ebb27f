// Sodate form helper; without it the form is a plain HTML post. A retry keeps its id: never a second submission.
for (const form of document.querySelectorAll('form[data-sodate]')) {
  const url = form.action, say = form.querySelector('[data-sodate-status]');
  let token, fetched = 0, id = crypto.randomUUID();
  // A post without a token counts as a script's. Fetched with the page, and anew by who comes back to it much later.
  const refresh = () => {
    if (token && Date.now() - fetched < 36e5) return;
    fetch(url.replace(/\/submissions$/, '')).then(r => r.json())
      .then(d => { token = d._token; fetched = Date.now(); }).catch(() => {});
  };
  refresh();
  form.addEventListener('focusin', refresh);
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const body = { _submission_id: id, _page_url: location.href, _referrer: document.referrer };
    body._time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (token) body._token = token;
    const query = new URLSearchParams(location.search);
    for (const k of ['source', 'medium', 'campaign', 'term', 'content'])
      if (query.get('utm_' + k)) body['_utm_' + k] = query.get('utm_' + k);
    for (const k of ['gclid', 'gbraid', 'wbraid', 'fbclid', 'msclkid', 'yclid'])
      if (query.get(k)) body['_' + k] = query.get(k);
    for (const k of new Set(new FormData(form).keys())) {
      const all = new FormData(form).getAll(k);
      body[k] = all.length > 1 ? all : all[0];
    }
    const button = form.querySelector('button'), ja = document.documentElement.lang === 'ja';
    button.disabled = true;
    try {
      for (let attempt = 0; ; attempt++) {
        const r = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body) }).catch(() => null);
        if (r?.ok) { form.reset(); id = crypto.randomUUID(); say.textContent = ja ? '送信しました。' : 'Sent.'; return; }
        if (r && r.status !== 429 && r.status < 500) {
          const fields = (await r.json().catch(() => ({}))).error?.fields || {};
          for (const k in fields) form.elements[k]?.setAttribute('aria-invalid', 'true');
          form.elements[Object.keys(fields)[0]]?.focus();
          say.textContent = ja ? '入力内容をご確認ください。' : 'Please check your entries.';
          return;
        }
        if (attempt === 4) { say.textContent = ja ? '混み合っています。' : 'Please try again.'; return; }
        await new Promise(done => setTimeout(done, 1000 * 2 ** attempt));
      }
    } finally { button.disabled = false; }
  });
}
