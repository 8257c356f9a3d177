// Speaking to /staff/api. What is outdated never comes back: an answer to a list's older question, or one for a view
// that was left, is dropped here, so that no view has to think of it.

class Refused extends Error {
  // told: the API's { code, message, ... }; status 0: the server was not reached
  constructor(status, told) {
    super(told.message ?? told.code);
    this.status = status;
    this.told = told;
    this.code = told.code;
  }
}

const NEVER = new Promise(() => {});
const lanes = new Map(); // what is on its way, by lane: at most one
let visit = 0;           // grows with each view that is opened

// The JSON answer. body: sent as JSON; raw: sent as it is. lane: a newer call in it makes this one outdated.
// Raises Refused; never comes back where it is outdated, or where the session has ended.
async function call(method, path, { body, raw, lane } = {}) {
  const asked = visit;
  const stop = new AbortController();
  if (lane) lanes.get(lane)?.abort();
  if (lane) lanes.set(lane, stop);
  const answer = await sent(method, path, body, raw, stop.signal);
  if (stop.signal.aborted || (method === "GET" && asked !== visit)) return NEVER;
  if (answer.status === 401 && answer.told?.error?.code === "not_signed_in" && me) {
    sessionEnded();
    return NEVER;
  }
  if (answer.ok) return answer.told ?? {};
  throw new Refused(answer.status, answer.told?.error ?? { code: answer.status ? "failed" : "unreachable" });
}

async function sent(method, path, body, raw, signal) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-Frontdesk"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (raw !== undefined) headers["Content-Type"] = "application/octet-stream";
  try {
    const options = { method, headers, signal, credentials: "same-origin", cache: "no-store",
      body: raw ?? (body === undefined ? undefined : JSON.stringify(body)) };
    const answer = await fetch(`api/${path}`, options);
    return { ok: answer.ok, status: answer.status, told: await answer.json().catch(() => null) };
  } catch {
    return { ok: false, status: 0, told: null };
  }
}

// "pairs?search=..." from its parts; what is empty is left out.
function address(path, query) {
  const kept = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return kept.length ? `${path}?${new URLSearchParams(kept)}` : path;
}

const part = (value) => encodeURIComponent(value);

// The sentence of an error: the server's own; in Chinese ours, where the code has one.
function sentence(error) {
  if (!(error instanceof Refused)) throw error; // a fault of the console: for its developers
  return () => {
    const key = `error_${error.code}`;
    const { message, retry_after_s: n = 0 } = error.told;
    if (known(key) && (language === "zh" || !message)) return text(key, { n });
    return message || text("error_failed");
  };
}

// `later(ms, act)` gives a function that does it once it has not been called for so long.
function later(ms, act) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), ms);
  };
}

// -- typed and not yet saved: kept in this tab until it is saved, thrown away, or its owner signs out

const DRAFTS = "frontdesk.staff.drafts";

function draftOf(place) {
  const drafts = remembered("sessionStorage", DRAFTS) ?? {};
  return drafts.who === me.name ? drafts[place] ?? null : null;
}

function keepDraft(place, draft) {
  const drafts = remembered("sessionStorage", DRAFTS) ?? {};
  const own = drafts.who === me.name ? drafts : { who: me.name };
  if (draft) own[place] = draft;
  else delete own[place];
  remember("sessionStorage", DRAFTS, own);
}
