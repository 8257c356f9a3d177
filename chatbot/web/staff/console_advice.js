// What the server says about a pair while it is typed: what it repeats or contradicts, what hides it, what it takes.

const ADVICE_AFTER = 600;  // ms since the last key
const PREVIEW_AFTER = 250;

// The panel beside a form. read(): the pair as typed; id: of the stored pair, if it is one. Gives { node, typed() }.
function advicePanel(read, id) {
  const preview = make("div", { class: "fs-preview" }, paragraph("preview_empty", { class: "fs-hint" }));
  const said = make("div", { class: "fs-advice" }, paragraph("advice_empty", { class: "fs-hint" }));
  let rendered = null, lastAsked = "";

  const render = later(PREVIEW_AFTER, async () => {
    const { answer } = read();
    if (!node.isConnected || answer === rendered) return;
    if (!answer.trim()) preview.replaceChildren(paragraph("preview_empty", { class: "fs-hint" }));
    else await load(preview, () => call("POST", "pairs/render", { body: { answer }, lane: "render" }),
      ({ html }) => cleaned(html));
    rendered = answer;
  });
  const advise = later(ADVICE_AFTER, async () => {
    const pair = read();
    if (!node.isConnected || !pair.question.trim() || JSON.stringify(pair) === lastAsked) return;
    lastAsked = JSON.stringify(pair);
    const body = id ? { ...pair, id } : pair;
    await load(said, () => call("POST", "pairs/advice", { body, lane: "advice" }), adviceNode);
  });
  const node = make("aside", { class: "fs-beside", label: "advice_label" },
    make("section", { class: "fs-card" }, make("h2", { say: "preview" }), preview),
    make("section", { class: "fs-card" }, make("h2", { say: "advice_title" }), said));
  return { node, typed: () => (render(), advise()) };
}

function adviceNode(advice) {
  const found = [
    ...(advice.hidden_by ? [hiddenBy(advice.hidden_by)] : []),
    ...advice.contradicts.map(contradiction),
    ...advice.near.map(nearDuplicate),
    taken(advice.taken),
  ].filter(Boolean);
  heard(["advice_heard", { n: found.length }]);
  return found.length ? make("ul", {}, found) : paragraph("advice_none", { class: "fs-fine" });
}

const advised = (kind, ...children) => make("li", { class: `fs-advised ${kind}` }, ...children);

function hiddenBy(hidden) {
  const { intent, confidence, answer_from: from } = hidden;
  return advised("fs-grave", make("strong", { say: "advice_hidden" }), paragraph(["advice_hidden_said", { intent,
    confidence: () => score(confidence), from: () => score(from) }]));
}

function contradiction(other) {
  return advised("fs-grave", make("strong", { say: "advice_contradicts" }), make("p", {}, pairLink(other.pair_id,
    other.question), " ", nearness(other.score)), make("blockquote", {}, other.answer));
}

function nearDuplicate(near) {
  return advised(near.same_answer ? "" : "fs-mild",
    make("strong", { say: near.same_answer ? "advice_near_same" : "advice_near" }),
    make("p", {}, pairLink(near.pair_id, near.question), " ", nearness(near.score)),
    near.phrasing !== near.question && make("p", { class: "fs-hint" }, words("advice_phrasing"), " ",
      make("q", {}, near.phrasing)));
}

const nearness = (value) => words(["advice_score", { score: () => score(value) }], { class: "fs-quiet" });

// "takes 12 of 40 questions from #218": of the questions that were asked in the last 30 days.
function taken({ asked, from, from_rules: rules = [], new: fresh, new_examples: some, lost = 0 }) {
  if (!from.length && !rules.length && !fresh && !lost) return null;
  const one = (other) => make("li", {}, words(["advice_takes", { count: other.count, asked }]), " ",
    other.pair_id ? pairLink(other.pair_id, other.question) : make("code", {}, other.name), examples(other.examples));
  return advised("fs-mild", make("strong", { say: "advice_taken" }), make("ul", {}, [...from, ...rules].map(one),
    fresh > 0 && make("li", {}, words(["advice_new", { n: fresh, asked }]), examples(some)),
    lost > 0 && make("li", { say: ["advice_lost", { n: lost, asked }] })));
}

function examples(said) {
  if (!said?.length) return null;
  return make("details", {}, make("summary", { say: ["advice_examples", { n: said.length }] }),
    make("ul", {}, said.map((one) => make("li", {}, one))));
}
