// The templates: the assistant's fixed texts, and what they were.

function templatesView() {
  const region = make("div");
  let all = [];
  const found = make("div");
  const typed = input({ type: "search", placeholder: "templates_placeholder", input: () => draw() });
  const draw = () => {
    const wanted = typed.value.trim().toLowerCase();
    const shown = all.filter((template) => searchable(template).includes(wanted));
    heard(["found_templates", { n: shown.length }]);
    found.replaceChildren(make("h2", { say: ["found_templates", { n: shown.length }] }), shown.length
      ? table("nav_templates", TEMPLATE_COLUMNS, shown) : empty("no_templates_found"));
  };
  load(region, () => call("GET", "templates"), ({ templates }) => {
    all = templates;
    draw();
    return [make("div", { class: "fs-filters", role: "search" }, field("search", typed, { class: "fs-wide" })), found];
  });
  return { title: "nav_templates", node: make("div", {}, heading("nav_templates"),
    paragraph("templates_said", { class: "fs-said" }), region) };
}

const searchable = (template) => [template.name, ...template.variants.map((variant) => variant.text ?? "")].join("\n")
  .toLowerCase();

const TEMPLATE_COLUMNS = [
  { title: "column_template", kind: "fs-main-cell", cell: (template) => [
    inward(`#/templates/${part(template.name)}`, { class: "fs-title" }, make("code", {}, template.name)),
    template.variants.slice(0, 2).map((variant) => make("span", { class: "fs-line" }, variant.text ?? ""))] },
  { title: "column_variants", kind: "fs-number", cell: (template) => words(() => number(template.variants.length)) },
  { title: "column_wording", cell: (template) => (template.edited ? badge("edited", "fs-state-draft")
    : words("as_in_file", { class: "fs-quiet" })) },
  { title: "column_updated", cell: (template) => template.updated_at && [onDay(template.updated_at),
    make("span", { class: "fs-line" }, template.updated_by ?? "")] },
];

// A variant without what the server leaves open: no image, and an empty one, are the same.
const plainVariant = ({ text: said, image, buttons, conditions }) => ({ text: said ?? "", image: image || "",
  buttons: (buttons ?? []).map(({ title, payload }) => ({ title, payload })), conditions: conditions ?? {} });

// A variant as one reads it: its text, when it is said, its buttons.
function variantText(variant) {
  if (!variant) return "";
  const when = Object.entries(variant.conditions ?? {}).map(([slot, value]) => `${slot} = ${value}`);
  return [
    ...(when.length ? [`[${when.join(", ")}]`] : []),
    variant.text ?? "",
    ...(variant.image ? [`🖼 ${variant.image}`] : []),
    ...(variant.buttons ?? []).map((button) => `▸ ${button.title} → ${button.payload}`),
  ].join("\n");
}

function templateHistoryView(name) {
  const region = make("div");
  const title = ["history_of_template", { name }];
  const path = `templates/${part(name)}`;
  const again = () => load(region, () => Promise.all([call("GET", `${path}/history`), call("GET", path)]),
    ([{ revisions }, { template }]) => revisionList(revisions, variantsDifference,
      (one) => goBack(`${path}/back`, one.revision, template.revision, again)));
  again();
  return { title, node: make("div", {}, heading(title,
    inward(`#/templates/${part(name)}`, { class: "fs-button" }, words("to_template"))), region) };
}

function variantsDifference(one, before) {
  const count = Math.max(one.variants.length, before?.variants.length ?? 0);
  const rows = Array.from({ length: count }, (_, index) => index)
    .filter((index) => !same(before?.variants[index], one.variants[index]))
    .map((index) => make("div", {}, make("dt", { say: ["variant", { n: () => number(index + 1) }] }),
      make("dd", {}, changeOf(before ? variantText(before.variants[index]) : null, variantText(one.variants[index])))));
  return rows.length ? make("dl", { class: "fs-facts fs-changes" }, rows) : null;
}
