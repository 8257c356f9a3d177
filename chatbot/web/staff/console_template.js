// One template: its variants, the condition under which each is said, and its buttons.

function templateView(name) {
  const region = make("div");
  const title = ["template_title", { name }];
  const again = () => load(region, () => call("GET", `templates/${part(name)}`), (found) => [usesNode(found),
    may("editor") ? templateEditor(found, again) : found.template.variants.map(variantSheet)]);
  again();
  return { title, node: make("div", {}, heading(title,
    inward(`#/templates/${part(name)}/history`, { class: "fs-button" }, words("history"))), region) };
}

// Where it is said, and what makes it unfit to be said.
function usesNode({ template, used_by: uses = [] }) {
  return [
    uses.length > 0 && make("p", { class: "fs-hint" }, words("used_by"), " ", uses.map((use, index) => [
      index ? ", " : "", words(() => named("use_", use.kind)), use.name && [" ", make("code", {}, use.name)]])),
    template.unfit?.length > 0 && make("div", { class: "fs-problem" }, icon("warning"), make("div", {},
      paragraph("unfit"), make("ul", {}, template.unfit.map((one) => make("li", {}, one))))),
  ];
}

function templateEditor({ template, places = [] }, again) {
  const form = templateForm();
  const back = button("back_to_file", { hidden: !template.edited }, () =>
    goBack(`templates/${part(template.name)}/back`, 0, written.base().revision, again));
  const written = editor({ place: `templates/${template.name}`, base: template, form, buttons: back,
    save: (values, base) => saveTemplate(written, values, base), stored: (now) => { back.hidden = !now.edited; } });
  open.unsaved = written.unsaved;
  return [make("p", { class: "fs-said" }, words("template_said"), places.length > 0 && [" ",
    words("template_places"), " ", places.map((one, index) => [index ? " " : "", make("code", {}, `{${one}}`)])]),
  written.node];
}

async function saveTemplate(written, values, base) {
  const asTyped = written.plain();
  try {
    const { template, warnings } = await call("PUT", `templates/${part(base.name)}`,
      { body: { variants: values.variants, revision: base.revision } });
    written.reset(template, asTyped);
    announce("template_saved");
    if (warnings?.length) written.trouble.replaceChildren(make("div", { class: "fs-notice" },
      paragraph("template_warnings"), make("ul", {}, warnings.map((one) => make("li", {}, one)))));
  } catch (error) {
    if (error.code !== "changed") throw error;
    await settleTemplate(written, values.variants, base, error.told.now);
  }
}

async function settleTemplate(written, mine, base, now) {
  const count = Math.max(mine.length, now.variants.length);
  const was = base.variants.map(plainVariant), theirs = now.variants.map(plainVariant);
  const chosen = await choose(Array.from({ length: count }, (_, index) => ({ key: index,
    said: ["variant", { n: () => number(index + 1) }], base: was[index], mine: mine[index],
    theirs: theirs[index], words: variantText })), now);
  if (!chosen) return;
  const variants = Object.values(chosen).filter(Boolean);
  if (same(variants, theirs)) {
    written.reset(now);
    return announce("theirs_taken");
  }
  await saveTemplate(written, { variants }, now);
}

// { node, read(), write({ variants }), missing() }: variants are added, moved and taken away.
function templateForm() {
  let cards = [];
  const held = make("div", { class: "fs-variants" });
  const changed = () => held.dispatchEvent(new Event("input", { bubbles: true }));
  const draw = () => {
    held.replaceChildren(...cards.map((card) => card.node));
    cards.forEach((card, index) => card.numbered(index, cards.length));
  };
  const acts = {
    up: (card) => {
      const index = cards.indexOf(card);
      cards.splice(index - 1, 2, card, cards[index - 1]);
      draw();
      changed();
      card.node.focus();
    },
    remove: (card) => {
      cards = cards.filter((other) => other !== card);
      draw();
      changed();
      more.focus();
    },
  };
  const more = button("variant_add", {}, () => {
    const card = variantCard({ text: "", buttons: [], image: "", conditions: {} }, acts, changed);
    cards.push(card);
    draw();
    changed();
    card.node.querySelector("textarea").focus();
  });
  return {
    node: make("div", {}, held, more),
    read: () => ({ variants: cards.map((card) => card.read()) }),
    write: ({ variants }) => {
      cards = variants.map((variant) => variantCard(plainVariant(variant), acts, changed));
      draw();
    },
    missing: () => missingIn(cards.filter((card) => !card.read().image).map((card) => card.text)),
  };
}

function variantCard(variant, acts, changed) {
  const said = area({ rows: "4", class: "fs-tall" });
  said.value = variant.text;
  const image = input({ type: "url", inputmode: "url", placeholder: "url_placeholder" });
  image.value = variant.image;
  const title = make("legend");
  const conditions = rowsOf("conditions", "condition_add", [["slot", "slot"], ["value", "slot_value"]],
    Object.entries(variant.conditions).map(([slot, value]) => ({ slot, value })), changed);
  const buttons = rowsOf("buttons", "button_add", [["title", "button_title"], ["payload", "button_payload"]],
    variant.buttons, changed);
  const up = button("variant_up", { class: "fs-button fs-small" }, () => acts.up(card));
  const remove = button("variant_remove", { class: "fs-button fs-small fs-danger" }, () => acts.remove(card));
  const node = make("fieldset", { class: "fs-variant", tabindex: "-1" }, title,
    field("variant_text", said, { class: "fs-wide", hint: "variant_hint" }), conditions.node, buttons.node,
    field("image", image, { class: "fs-wide" }), make("div", { class: "fs-row" }, up, remove));
  const card = {
    node, text: said,
    numbered: (index, count) => {
      says(title, "say", ["variant", { n: () => number(index + 1) }]);
      up.hidden = index === 0;
      remove.hidden = count === 1;
    },
    read: () => plainVariant({ text: said.value, image: image.value.trim(), buttons: buttons.read(),
      conditions: Object.fromEntries(conditions.read().map(({ slot, value }) =>
        [slot, asBefore(value, variant.conditions[slot])])) }),
  };
  return card;
}

// A slot's value is true, a number or a word in the file; typed it is a word, so it stays what it was.
function asBefore(value, was) {
  if (String(was) === value) return was;
  if (typeof was === "boolean" && /^(true|false)$/.test(value)) return value === "true";
  return typeof was === "number" && value !== "" && Number.isFinite(Number(value)) ? Number(value) : value;
}

// Rows of two text fields each. keys: [key, text]; empty rows are left out when they are read.
function rowsOf(title, add, keys, values, changed) {
  const held = make("div");
  const row = (value) => {
    const fields = keys.map(([key, said]) => {
      const control = input({ label: said, placeholder: said });
      control.value = value[key] ?? "";
      return control;
    });
    const removed = () => {
      node.remove();
      changed();
      more.focus();
    };
    const remove = make("button", { type: "button", class: "fs-icon", label: "row_remove", hint: "row_remove",
      click: removed }, icon("close"));
    const node = make("div", { class: "fs-row fs-entry" }, fields, remove);
    node.read = () => Object.fromEntries(keys.map(([key], index) => [key, fields[index].value.trim()]));
    return node;
  };
  held.append(...values.map(row));
  const more = button(add, { class: "fs-button fs-small" }, () => {
    held.append(row({}));
    held.lastChild.querySelector("input").focus();
  });
  return {
    node: make("div", { class: "fs-field fs-wide", role: "group", label: title },
      make("p", { class: "fs-label", say: title, "aria-hidden": "true" }), held, more),
    read: () => [...held.children].map((node) => node.read()).filter((value) => value[keys[0][0]]),
  };
}

const variantSheet = (variant, index) => make("section", { class: "fs-card" },
  make("h2", { say: ["variant", { n: () => number(index + 1) }] }),
  make("div", { class: "fs-answer" }, variantText(variant)));
