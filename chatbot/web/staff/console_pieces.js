// The pieces that views are made of: fields, buttons, tables, pages, and what is said about all of it.

// -- buttons and fields

// A button whose act may take a while: pressed twice, it acts once. What is refused is said below the page.
function button(said, attributes, act) {
  const node = make("button", { type: "button", class: "fs-button", ...attributes, click: async () => {
    if (node.getAttribute("aria-disabled")) return;
    await during(node, act).catch(complain);
  } }, said && words(said));
  return node;
}

async function during(node, act) {
  node.setAttribute("aria-disabled", "true");
  try { return await act(); } finally { node.removeAttribute("aria-disabled"); }
}

// A labelled control. hint: a text key that explains it; more: what stands below it.
function field(said, control, { hint, more, class: kind } = {}) {
  control.id ||= newId();
  const below = hint && paragraph(hint, { class: "fs-hint", id: `${control.id}-hint` });
  if (below) control.setAttribute("aria-describedby", below.id);
  return make("div", { class: `fs-field ${kind ?? ""}` }, make("label", { for: control.id, say: said }), control, below,
    more);
}

const input = (attributes) => make("input", { type: "text", autocomplete: "off", ...attributes });
const area = (attributes) => make("textarea", { rows: "3", ...attributes });

// options: [value, text] or plain values, which are said as they are.
function select(options, value, attributes = {}) {
  const node = make("select", attributes, options.map((option) => Array.isArray(option)
    ? make("option", { value: option[0], say: option[1] }) : make("option", { value: option }, option)));
  node.value = value;
  return node;
}

// A text field that knows what others have written there.
function suggesting(values, attributes) {
  const known = make("datalist", { id: newId() }, values.map((value) => make("option", { value })));
  const node = input({ list: known.id, ...attributes });
  node.suggestions = known;
  return node;
}

const LANGUAGES = [["", "language_both"], ["en", "language_en"], ["zh", "language_zh"]];

// -- what is said

// For who does not see the page: how many were found, that it was saved.
function heard(said) {
  says(find("#fs-heard"), "say", said);
}

const GONE_AFTER = 7000; // ms; an error stays until it is closed

function announce(said, ...more) {
  const toast = make("div", { class: "fs-toast" }, words(said), more);
  find("#fs-toasts").replaceChildren(toast);
  setTimeout(() => toast.remove(), GONE_AFTER);
}

function complain(error) {
  const close = make("button", { type: "button", class: "fs-icon", label: "close", click: () => toast.remove() },
    icon("close"));
  const toast = make("div", { class: "fs-toast fs-wrong", role: "alert" }, icon("warning"), words(sentence(error)),
    close);
  find("#fs-toasts").replaceChildren(toast);
}

// An error where it happened, and what can be done about it.
function problem(error, again) {
  const said = sentence(error);
  const several = error.told.problems?.length > 1 && error.told.problems; // the same, one by one
  return make("div", { class: "fs-problem", role: "alert" }, icon("warning"),
    make("div", {}, several ? make("ul", {}, several.map((one) => make("li", {}, one))) : paragraph(said),
      again && button("try_again", { class: "fs-button fs-small" }, again)));
}

const notice = (said, ...more) => make("div", { class: "fs-notice" }, make("p", {}, words(said), ...more));
const empty = (said, ...more) => make("div", { class: "fs-empty" }, paragraph(said), more);
const badge = (said, kind = "") => words(said, { class: `fs-badge ${kind}` });
const stateBadge = (state) => badge(() => named("state_", state), `fs-state-${state}`);

// Fills a region with what draw makes of the answer; what it showed before stays until then.
async function load(region, asked, draw) {
  region.setAttribute("aria-busy", "true");
  if (!region.childElementCount) region.append(paragraph("loading", { class: "fs-loading" }));
  try {
    region.replaceChildren(...inside([draw(await asked())]));
  } catch (error) {
    region.replaceChildren(problem(error, () => load(region, asked, draw)));
  }
  region.removeAttribute("aria-busy");
  arrivedAt();
}

// -- tables

// columns: { title, cell(row), kind?, sort? }; sorting: { by, descending, choose(by) }. On a phone a row is a card.
function table(label, columns, rows, sorting) {
  const head = columns.map((column) => make("th", { scope: "col", role: "columnheader", class: column.kind,
    "aria-sort": column.sort && sorting?.by === column.sort && (sorting.descending ? "descending" : "ascending") },
  column.sort ? sorter(column, sorting) : column.title && words(column.title)));
  const body = rows.map((row) => make("tr", { role: "row", class: row.kind }, columns.map((column) =>
    make("td", { role: "cell", class: column.kind, column: column.title ?? null }, column.cell(row)))));
  return make("div", { class: "fs-table" }, make("table", { role: "table", label },
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, head)), make("tbody", { role: "rowgroup" }, body)));
}

function sorter(column, sorting) {
  const sorted = sorting.by === column.sort;
  return make("button", { type: "button", class: "fs-sort", click: () => sorting.choose(column.sort) },
    words(column.title), sorted && icon(sorting.descending ? "down" : "up"));
}

// "51-100 of 100,000" and the ways to the other pages. choose(page): from 1 on.
function pager(total, current, size, choose) {
  const last = Math.max(1, Math.ceil(total / size));
  const step = (label, to, sign) => make("button", { type: "button", class: "fs-button fs-small", label, hint: label,
    disabled: to < 1 || to > last || to === current, click: () => choose(to) }, sign);
  const typed = input({ class: "fs-page", inputmode: "numeric", value: current, label: "page",
    change: () => choose(Math.min(last, Math.max(1, Number.parseInt(typed.value, 10) || current))) });
  const places = { from: total ? (current - 1) * size + 1 : 0, to: Math.min(total, current * size), total, n: total };
  return make("div", { class: "fs-pager", role: "group", label: "paging" }, words(["range", places]),
    last > 1 && make("div", { class: "fs-row" }, step("page_first", 1, "«"), step("page_before", current - 1, "‹"),
      typed, words(["page_of", { last }]), step("page_next", current + 1, "›"), step("page_last", last, "»")));
}

// Term and value, one below the other. Rows that are null are left out.
function facts(...rows) {
  return make("dl", { class: "fs-facts" }, rows.filter(Boolean).map(([term, ...value]) =>
    make("div", {}, make("dt", { say: term }), make("dd", {}, ...value))));
}

const section = (title, ...children) => make("section", { class: "fs-card" }, make("h2", { say: title }), ...children);
