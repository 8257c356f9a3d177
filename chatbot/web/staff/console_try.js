// Trying it: a question is asked as a customer would, and all that led to the answer is shown. Nothing is logged.

function tryView(query) {
  const result = make("div", { class: "fs-result" });
  const asked = input({ maxlength: "2000", autofocus: true, required: true });
  asked.value = query.text ?? "";
  const tongue = select([["", "language_guess"], ...LANGUAGES.slice(1)], "");
  const send = button("try_ask", { class: "fs-button fs-strong", type: "submit" }, async () => {
    const said = asked.value.trim();
    if (!said) return asked.focus();
    const body = { text: said, ...(tongue.value && { language: tongue.value }) };
    await load(result, () => call("POST", "try", { body, lane: "try" }), (trace) => traceNode(said, trace));
    heard("try_answered");
  });
  const form = make("form", { class: "fs-filters", submit: (event) => event.preventDefault() },
    field("try_text", asked, { class: "fs-wide" }), field("field_language", tongue, { class: "fs-roomy" }),
    send);
  if (asked.value) queueMicrotask(() => send.click()); // once it is in the page
  return { title: "nav_try", node: make("div", {}, heading("nav_try"), paragraph("try_said", { class: "fs-said" }),
    form, result) };
}

function traceNode(said, trace) {
  return make("div", { class: "fs-trace" },
    section("try_reply", trace.reply.length ? trace.reply.map(replyNode) : paragraph("try_silent"),
      facts(trace.read && ["try_read", make("q", {}, trace.read)],
        trace.entities?.length > 0 && ["try_entities", words(() => list(trace.entities))],
        ["try_model", `${trace.model} · ${trace.index}`])),
    may("editor") && section("should_have", shouldHave(said)),
    section("try_steps", table("try_steps", STEP_COLUMNS, trace.steps)),
    trace.hits.length > 0 && section("try_hits", table("try_hits", HIT_COLUMNS, trace.hits)),
    make("div", { class: "fs-columns" },
      section("try_intents", bars(trace.intents.map(({ name, confidence }) => [name, confidence, percent])),
        trace.words.length > 0 && [make("h3", { say: "try_words" }), weights(trace.words)]),
      section("try_nearest", table("try_nearest", NEAREST_COLUMNS, trace.nearest)),
      section("try_numbers", facts(...flat(trace.thresholds).map(([key, value]) => [() => key, shownNumber(value)])),
        make("h3", { say: "try_times" }),
        bars(Object.entries(trace.ms).map(([stage, ms]) => [stage, ms, (value) => `${score(value)} ms`])))));
}

function replyNode(reply) {
  return make("div", { class: "fs-bubble" }, cleaned(reply.html),
    reply.buttons?.length > 0 && make("p", { class: "fs-row" }, reply.buttons.map((title) =>
      make("span", { class: "fs-badge" }, title))),
    reply.pair_id && make("p", { class: "fs-hint" }, pairLink(reply.pair_id), reply.category && ` · ${reply.category}`,
      reply.source && [" · ", outward(reply.source)]));
}

const STEP_COLUMNS = [
  { title: "step_kind", cell: (step) => badge(() => named("step_", step.kind)) },
  { title: "step_name", cell: (step) => (step.pair_id ? pairLink(step.pair_id) : step.name
    && make("code", {}, step.name)) },
  { title: "step_reason", kind: "fs-main-cell", cell: (step) => step.reason },
];
const HIT_COLUMNS = [
  { title: "column_id", cell: (hit) => pairLink(hit.pair_id) },
  { title: "field_question", kind: "fs-main-cell", cell: (hit) => [hit.question, hit.phrasing !== hit.question
    && make("span", { class: "fs-line" }, hit.phrasing)] },
  { title: "hit_score", kind: "fs-number", cell: (hit) => make("strong", {}, score(hit.score)) },
  { title: "hit_dense", kind: "fs-number", cell: (hit) => score(hit.dense) },
  { title: "hit_lexical", kind: "fs-number", cell: (hit) => score(hit.lexical) },
  { title: "hit_exact", cell: (hit) => hit.exact && badge("yes", "fs-state-published") },
];
const NEAREST_COLUMNS = [
  { title: "nearest_text", kind: "fs-main-cell", cell: (near) => near.text },
  { title: "nearest_intent", cell: (near) => make("code", {}, near.intent) },
  { title: "nearest_nearness", kind: "fs-number", cell: (near) => score(near.nearness) },
];

// Each with a bar as long as its share of the largest.
function bars(rows) {
  const largest = Math.max(...rows.map(([, value]) => value), 1e-9);
  return make("dl", { class: "fs-bars" }, rows.map(([label, value, shown]) => {
    const bar = make("i", { "aria-hidden": "true" });
    bar.style.width = `${Math.max(1, (100 * value) / largest)}%`;
    return make("div", {}, make("dt", {}, label), make("dd", {}, bar, words(() => shown(value))));
  }));
}

function weights(found) {
  const largest = Math.max(...found.map((one) => Math.abs(one.weight)), 1e-9);
  return make("p", { class: "fs-weights" }, found.map((one) => {
    const node = make("span", { class: one.weight < 0 ? "fs-against" : "" }, one.word, " ",
      make("small", {}, score(one.weight)));
    node.style.setProperty("--weight", String(Math.abs(one.weight) / largest));
    return node;
  }));
}

// [["retrieval.high", 0.62], ...] of values within values.
function flat(values, before = "") {
  return Object.entries(values ?? {}).flatMap(([key, value]) => (value !== null && typeof value === "object"
    ? flat(value, `${before}${key}.`) : [[before + key, value]]));
}

const shownNumber = (value) => (typeof value === "number" ? score(value) : String(value ?? "–"));

// "This should have been": the text becomes a similar question of a pair, or an example of an intent.
function shouldHave(said) {
  const done = make("div", { role: "status" });
  const region = make("div");
  const chosen = async (pair) => {
    if (!(await ask("similar_title", ["similar_said", { text: said, question: pair.question }], "similar_yes"))) return;
    await call("POST", "try/should", { body: { text: said, pair_id: pair.id } });
    done.replaceChildren(make("p", { class: "fs-fine" }, words("similar_done"), " ", pairLink(pair.id, pair.question)));
  };
  load(region, () => call("GET", "try/intents"), ({ intents }) => {
    const intent = select([["", "intent_choose"], ...intents], "");
    const label = button("intent_yes", {}, async () => {
      if (!intent.value) return intent.focus();
      await call("POST", "try/label", { body: { text: said, intent: intent.value } });
      done.replaceChildren(paragraph(["intent_done", { intent: intent.value }], { class: "fs-fine" }));
    });
    return [make("div", { class: "fs-row fs-end" }, field("should_intent", intent), label),
      paragraph("should_intent_hint", { class: "fs-hint" })];
  });
  return [pairPicker("should_pair", (pair) => chosen(pair).catch(complain)), region,
    inward(address("#/pairs/new", { question: said }), { class: "fs-button fs-small" }, words("should_new")), done];
}
