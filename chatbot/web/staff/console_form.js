// The form of a pair: its fields, what is typed in them, and the draft that is kept until it is saved.

const DATES = ["valid_from", "valid_until", "review_by"];
const EMPTY_PAIR = { question: "", answer: "", similar: [], category: "", language: "", valid_from: null,
  valid_until: null, source_url: "", state: "published", review_by: null, owner: "" };

// fields: which of a pair's; lists: { categories, owners }. Gives { node, read(), write(pair), missing() }.
function pairForm(pair, fields, lists) {
  const controls = {
    question: area({ rows: "2", required: true }),
    answer: area({ rows: "7", class: "fs-tall", required: true }),
    similar: area({ rows: "4", class: "fs-tall" }),
    category: suggesting(lists.categories, { maxlength: "200" }),
    language: select(LANGUAGES, ""),
    state: select(["draft", "published"].map((state) => [state, `state_${state}`]), "published"),
    valid_from: input({ type: "date" }),
    valid_until: input({ type: "date" }),
    review_by: input({ type: "date" }),
    owner: suggesting(lists.owners.includes(me.name) ? lists.owners : [me.name, ...lists.owners], { maxlength: "200" }),
    source_url: input({ type: "url", inputmode: "url", placeholder: "url_placeholder" }),
  };
  const lines = () => controls.similar.value.split("\n").map((line) => line.trim()).filter(Boolean);
  const count = make("p", { class: "fs-hint" });
  const extras = {
    question: { class: "fs-wide" },
    answer: { class: "fs-wide", hint: "answer_hint" },
    similar: { class: "fs-wide", hint: "similar_hint", more: count },
    category: { more: controls.category.suggestions },
    owner: { more: controls.owner.suggestions, hint: "owner_hint" },
    state: { hint: "state_hint" },
    valid_until: { hint: "valid_until_hint" },
    source_url: { class: "fs-wide", hint: "source_hint" },
  };
  const value = (key) => (key === "similar" ? lines() : DATES.includes(key) ? controls[key].value || null
    : controls[key].value);
  const recount = () => says(count, "say", ["similar_count", { n: lines().length }]);
  const write = (pair) => {
    for (const key of fields) {
      const value = key === "similar" ? (pair.similar ?? []).join("\n") : pair[key] ?? "";
      if (controls[key].value !== value) controls[key].value = value; // else the caret stays where it is
    }
    recount();
  };
  write(pair);
  return {
    node: make("div", { class: "fs-fields", input: recount },
      fields.map((key) => field(`field_${key}`, controls[key], extras[key]))),
    read: () => Object.fromEntries(fields.map((key) => [key, value(key)])),
    write,
    missing: () => missingIn([controls.question, controls.answer]),
  };
}

// The first control that has nothing in it, with a word to that effect below it; the others' words are taken away.
function missingIn(controls) {
  for (const control of controls) {
    const lacks = !control.value.trim();
    control.closest(".fs-field").querySelector(".fs-missing")?.remove();
    control.setAttribute("aria-invalid", String(lacks));
    if (lacks) control.after(paragraph("required", { class: "fs-missing" }));
  }
  return controls.find((control) => !control.value.trim());
}

// A form with what surrounds it: kept as a draft while it is typed, saved by its button or Ctrl+S, never lost.
// place: of the draft; base: as stored; form: { node, read(), write(values), missing() }; beside: { node, typed() };
// save(values, base): its promise; buttons: further ones; stored(now): told what is stored since.
// Gives { node, unsaved, trouble, base(), plain(), reset(base, asTyped) }.
function editor({ place, base, form, beside, save, saveText = "save", buttons = [], stored: told = () => {} }) {
  const kept = draftOf(place);
  let stored = kept?.base ?? base;
  const trouble = make("div", { class: "fs-trouble" });
  const bar = make("p", { class: "fs-hint fs-saved" });
  const plain = () => JSON.stringify(form.read());
  form.write(stored);
  let clean = plain();
  if (kept) form.write(kept.values);

  const dirty = () => node.isConnected && plain() !== clean;
  const drop = () => keepDraft(place, null);
  const isSaved = () => stored.revision !== undefined && plain() === clean;
  const tell = () => says(bar, "say", isSaved() ? "nothing_unsaved" : "unsaved");
  const remind = () => (plain() === clean ? keepDraft(place, null) : keepDraft(place, { base: stored, at: new Date(),
    values: form.read() }));
  // As it is stored now. asTyped: plain() when it was sent; what was typed since then stays.
  const reset = (now, asTyped = plain()) => {
    const since = plain() === asTyped ? null : form.read();
    stored = now;
    form.write(now);
    clean = plain();
    if (since) form.write(since);
    remind();
    tell();
    told(now);
    beside?.typed();
  };
  const typed = () => {
    tell();
    remind();
    beside?.typed();
  };
  const submit = button(saveText, { class: "fs-button fs-strong fs-save", type: "submit" }, async () => {
    trouble.replaceChildren();
    const missing = form.missing();
    if (missing) return missing.focus();
    remind(); // a session that has ended leads to signing in and back
    try {
      await save(form.read(), stored);
    } catch (error) {
      trouble.replaceChildren(problem(error));
    }
  });
  const restored = kept && make("div", { class: "fs-notice" },
    words(["draft_back", { at: () => moment(kept.at) }]), " ",
    button("draft_drop", { class: "fs-button fs-small" }, () => {
      reset(base);
      restored.remove();
    }));
  const node = make("form", { class: "fs-editor", novalidate: true, submit: (event) => event.preventDefault(),
    input: typed, change: typed,
    keydown: (event) => {
      if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      submit.click();
    } },
  make("div", { class: "fs-written" }, restored, make("div", { class: "fs-card" }, form.node), trouble,
    make("div", { class: "fs-bar" }, submit, buttons, bar)), beside?.node);
  tell();
  beside?.typed();
  return { node, unsaved: { is: dirty, drop }, trouble, base: () => stored, plain, reset };
}
