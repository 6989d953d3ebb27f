// Put sodate-form.js on the page first: <script src="/sodate-form.js"></script>. It keeps the protocol (token, id,
// retries); React draws the form and its messages.
import { useEffect, useId, useRef, useState } from 'react';

export function ContactForm({ api, form = 'request-materials', language = 'ja', onSubmitted }) {
  const client = useRef(null);
  const id = useId();
  const [status, setStatus] = useState('');
  const [errors, setErrors] = useState({});
  const [sending, setSending] = useState(false);

  useEffect(() => {
    client.current = window.Sodate.client(`${api}/forms/${form}/submissions`);
    client.current.refresh();
  }, [api, form]);

  async function submit(event) {
    event.preventDefault();
    const element = event.currentTarget;
    setSending(true);
    setErrors({});
    const result = await client.current.send(window.Sodate.entries(element), setStatus);
    setSending(false);
    if (result.code === 'sending') return; // a second click
    setStatus(result.code);
    setErrors(result.fields ?? {});
    if (!result.ok) return;
    element.reset();
    onSubmitted?.(result.submission_id);
    if (result.redirect) window.location.assign(result.redirect);
  }

  const text = code => window.Sodate.text(code, language);
  const props = name => ({
    name,
    onInput: () => setErrors(({ [name]: _, ...others }) => others),
    'aria-invalid': name in errors || undefined,
    'aria-describedby': name in errors ? `${id}-${name}` : undefined,
  });
  const message = name => name in errors && <span id={`${id}-${name}`}>{errors[name].map(text).join(' ')}</span>;

  return (
    <form onSubmit={submit} noValidate>
      <p><label>メールアドレス <input type="email" autoComplete="email" {...props('email')} /></label>{message('email')}</p>
      <p><label>氏名 <input autoComplete="name" {...props('name')} /></label>{message('name')}</p>
      <p><label>会社名 <input autoComplete="organization" {...props('company')} /></label>{message('company')}</p>
      <p><label>役職 <input {...props('title')} /></label>{message('title')}</p>
      <p><label>電話番号 <input autoComplete="tel" {...props('phone')} /></label>{message('phone')}</p>
      <p><label><input type="checkbox" value="true" {...props('agree')} /> 製品・導入事例のご案内メールを受け取る</label></p>
      <p hidden><label>記入しないでください <input name="_website" tabIndex={-1} autoComplete="off" /></label></p>
      <button disabled={sending}>送信する</button>
      <p role="status">{status && text(status)}</p>
    </form>
  );
}
