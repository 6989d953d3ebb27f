// app/api/lead/route.js: the browser posts to your own site, and your server to Sodate. No origin is needed then.
// With sodate-form.js: `Sodate.client('/api/lead')`, or a form with `action="/api/lead"`. A page without it sends
// `_submission_id` (one UUID per submission) and `_token` (from `GET` below), `minimum_seconds` after it was shown.
const FORM = `${process.env.SODATE_API}/forms/request-materials`;
const CODES = { 404: 'not_found', 413: 'too_large_body' };

// Less than the 20 seconds after which the page counts the answer as lost.
const ask = (url, options) => fetch(url, { ...options, cache: 'no-store', signal: AbortSignal.timeout(8000) })
  .then(async answer => ({ status: answer.status, headers: answer.headers, body: await answer.json().catch(() => null) }))
  .catch(() => null); // the API is down

// Our own answers as they are; what a gateway answers in its own words, with a code that the page knows.
const passed = ({ status, body }) =>
  Response.json(body?.error ? body : { error: { code: CODES[status] ?? 'bad_request' } }, { status });
const busy = () => Response.json({ error: { code: 'busy' } }, { status: 503, headers: { 'retry-after': '5' } });
const isBusy = answer => !answer || answer.status === 429 || answer.status >= 500;

export async function GET() {
  const answer = await ask(FORM);
  if (isBusy(answer)) return busy();
  const { _token, minimum_seconds } = answer.body ?? {};
  if (answer.status === 200) return _token ? Response.json({ _token, minimum_seconds }) : busy();
  return passed(answer);
}

export async function POST(request) {
  const body = await request.text(); // the API says what is wrong with it
  for (let attempt = 0; attempt < 2; attempt++) {
    const answer = await ask(`${FORM}/submissions`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body,
    });
    if (!isBusy(answer)) {
      if (answer.status >= 300) return passed(answer);
      if (answer.body?.status === 'accepted') return Response.json(answer.body, { status: answer.status });
    }
    if (attempt === 0) await new Promise(done => setTimeout(done, 1000));
  }
  // The page tries again with the same `_submission_id`: it is stored once.
  return busy();
}
