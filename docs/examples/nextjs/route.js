// app/api/lead/route.js: the browser posts to your own site, and your server to Sodate. No origin is needed then.
// The page sends `_submission_id` (one UUID per submission) and `_token` (from `GET` below, when the page is shown).
const FORM = `${process.env.SODATE_API}/forms/request-materials`;

export async function GET() {
  const answer = await fetch(FORM, { cache: 'no-store' });
  const { _token } = await answer.json();
  return Response.json({ _token });
}

export async function POST(request) {
  const body = JSON.stringify(await request.json());
  for (let attempt = 0; attempt < 3; attempt++) {
    const answer = await fetch(`${FORM}/submissions`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body, cache: 'no-store',
    }).catch(() => null);
    if (answer && answer.status !== 429 && answer.status < 500)
      return Response.json(await answer.json(), { status: answer.status });
    const seconds = Number(answer?.headers.get('retry-after')) || 2 ** attempt;
    await new Promise(done => setTimeout(done, Math.min(seconds, 5) * 1000));
  }
  // The browser tries again with the same `_submission_id`: it is stored once.
  return Response.json({ error: { code: 'busy' } }, { status: 503, headers: { 'retry-after': '5' } });
}
