// One pair: written by editors, read by agents; withdrawn and restored.

const EDITED_FIELDS = ["question", "answer", "similar", "category", "language", "state", "valid_from", "valid_until",
  "review_by", "owner", "source_url"];

function newPairView(query) {
  const region = make("div");
  const base = { ...EMPTY_PAIR, question: query.question ?? "", answer: query.answer ?? "" };
  const view = { title: "pair_new", node: make("div", {}, heading("pair_new"), region) };
  load(region, () => call("GET", "pairs/categories"), (lists) => {
    const form = pairForm(base, EDITED_FIELDS, lists);
    const written = editor({ place: "pairs/new", base, form, beside: advicePanel(form.read), saveText: "pair_add_yes",
      save: async (pair) => {
        const saved = (await duplicateTold(written.trouble, () => call("POST", "pairs", { body: pair })))?.pair;
        if (!saved || !written.node.isConnected) return;
        written.unsaved.drop();
        open.unsaved = NOTHING_UNSAVED;
        go(`#/pairs/${saved.id}`);
        announce([saved.state === "draft" ? "draft_added" : "pair_added", { id: saved.id }]);
      } });
    open.unsaved = written.unsaved;
    return written.node;
  });
  return view;
}

function pairView(id) {
  const region = make("div");
  const title = ["pair_title", { id }];
  const read = () => Promise.all([call("GET", `pairs/${part(id)}`),
    may("editor") ? call("GET", "pairs/categories") : null]);
  const again = () => load(region, read, ([{ pair }, lists]) => pairNode(pair, lists, again));
  again();
  return { title, node: make("div", {}, heading(title,
    inward(`#/pairs/${part(id)}/history`, { class: "fs-button" }, words("history"))), region) };
}

function pairNode(pair, lists, again) {
  const by = pair.updated_by ? [words("changed_by"), " ", name(pair.updated_by), ", "] : [words("changed"), " "];
  const changed = make("p", { class: "fs-hint" }, stateBadge(pair.state), " ", by, when(pair.updated_at));
  if (!may("editor") || pair.state === "withdrawn") return [changed, pairSheet(pair, again)];
  const form = pairForm(pair, EDITED_FIELDS, lists);
  const beside = advicePanel(form.read, pair.id);
  const written = editor({ place: `pairs/${pair.id}`, base: pair, form, beside,
    save: (values, base) => savePair(written, values, base),
    buttons: button("withdraw", { class: "fs-button fs-danger" }, () => withdraw(written.base(), written, again)) });
  open.unsaved = written.unsaved;
  return [changed, written.node];
}

async function savePair(written, values, base) {
  const asTyped = written.plain();
  try {
    const { pair } = await call("PUT", `pairs/${base.id}`, { body: { ...values, revision: base.revision } });
    written.reset(pair, asTyped);
    announce(pair.state === "draft" ? "draft_saved" : "pair_saved");
  } catch (error) {
    if (error.code === "changed") return settle(written, values, base, error.told.now);
    if (error.code === "duplicate") return written.trouble.replaceChildren(duplicateOf(error));
    throw error;
  }
}

// Somebody saved it meanwhile: what is to stand is chosen field by field, and saved against what they saved.
async function settle(written, values, base, now) {
  const chosen = await choose(PAIR_FIELDS.filter((key) => key in values).map((key) => ({ key, said: `field_${key}`,
    base: base[key], mine: values[key], theirs: now[key], words: (value) => inWords(key, value) })), now);
  if (!chosen) return;
  const unchanged = Object.entries(chosen).every(([key, value]) => same(value, now[key]));
  if (unchanged) {
    written.reset(now);
    return announce("theirs_taken");
  }
  await savePair(written, chosen, now);
}

async function duplicateTold(trouble, act) {
  try {
    return await act();
  } catch (error) {
    if (error.code !== "duplicate") throw error;
    trouble.replaceChildren(duplicateOf(error));
    return null;
  }
}

function duplicateOf(error) {
  const node = problem(error);
  const { pair_id: id, question } = error.told;
  if (id) node.lastChild.append(make("p", {}, pairLink(id, question ?? "")));
  return node;
}

async function withdraw(pair, written, again) {
  const said = written.unsaved.is() ? "withdraw_unsaved" : "withdraw_said";
  if (!(await ask("withdraw_title", said, "withdraw", "fs-button fs-danger"))) return;
  await stateChanged(pair, "withdraw");
  written.unsaved.drop();
  open.unsaved = NOTHING_UNSAVED;
  await again();
  announce("withdrawn");
  find("#fs-main h1").focus();
}

async function stateChanged(pair, act) {
  try {
    return await call("POST", `pairs/${pair.id}/${act}`, { body: { revision: pair.revision } });
  } catch (error) {
    if (error.code === "changed") throw new Refused(409, { code: "changed_meanwhile" });
    throw error;
  }
}

// A pair to be read: for who may not edit it, and for one that is withdrawn.
function pairSheet(pair, again) {
  const lines = make("ul", {}, pair.similar.map((line) => make("li", {}, line)));
  const restore = () => button("restore", { class: "fs-button fs-strong" }, async () => {
    await stateChanged(pair, "restore");
    await again();
    announce("restored");
    find("#fs-main h1").focus();
  });
  return make("div", { class: "fs-card" },
    pair.state === "withdrawn" && notice("withdrawn_said", " ", may("editor") && restore()),
    make("h2", {}, pair.question), make("div", { class: "fs-answer" }, pair.answer),
    facts(pair.similar.length && ["field_similar", lines],
      pair.category && ["field_category", pair.category],
      ["field_language", words(() => inWords("language", pair.language))],
      pair.valid_from && ["field_valid_from", words(() => day(pair.valid_from))],
      pair.valid_until && ["field_valid_until", words(() => day(pair.valid_until))],
      pair.review_by && ["field_review_by", reviewDay(pair.review_by)],
      pair.owner && ["field_owner", pair.owner],
      pair.source_url && ["field_source_url", outward(pair.source_url)]));
}
