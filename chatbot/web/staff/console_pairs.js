// The list of all pairs: searched, filtered, sorted and paged by the server, so that 100,000 are as quick as 100.

const ALL_PAIRS = { search: "", category: "", language: "", state: "", owner: "", due: "", sort: "updated",
  descending: "1", page: "1", size: "50" };
const SORTS = ["id", "question", "updated", "category", "review"];
const STATES = ["draft", "published", "withdrawn"];
const FORMATS = ["csv", "xlsx", "qnamaker", "maxkb"];

function pairsView(query) {
  const found = make("div", { class: "fs-found" });
  const filters = make("div");
  let asked = { ...ALL_PAIRS, ...query };

  const update = async (query) => { // from the address: another page, the browser's way back, a link
    const turned = query.page && query.page !== asked.page;
    asked = { ...ALL_PAIRS, ...query };
    filters.replaceChildren(filterForm(asked, change));
    await search();
    if (turned) found.querySelector("h2")?.focus({ preventScroll: true });
  };
  const change = (changed) => { // from the filters
    asked = { ...asked, page: "1", ...changed };
    rewrite(listAddress(asked));
    search();
  };
  const turn = (page) => go(listAddress({ ...asked, page: String(page) }));
  const search = () => load(found, () => call("GET", address("pairs", asked), { lane: "pairs" }),
    (answer) => pairList(answer, asked, change, turn));

  update(query);
  const add = may("editor") && inward("#/pairs/new", { class: "fs-button fs-strong" }, words("pair_add"));
  return { title: "nav_pairs", update, node: make("div", {}, heading("nav_pairs", add), filters, found) };
}

const listAddress = (asked) => address("#/pairs", Object.fromEntries(Object.entries(asked).filter(([key, value]) =>
  value !== ALL_PAIRS[key])));

function filterForm(asked, change) {
  const narrow = later(250, () => change({ search: typed.value.trim() }));
  const typed = input({ type: "search", value: asked.search, placeholder: "search_placeholder", maxlength: "500",
    input: narrow });
  const choice = (key, options) => {
    const node = select(options, asked[key], { change: () => change({ [key]: node.value }) });
    return field(`field_${key}`, node);
  };
  const category = make("div"), owner = make("div");
  const due = input({ type: "checkbox", id: newId(), checked: asked.due === "1",
    change: () => change({ due: due.checked ? "1" : "" }) });
  const order = select(SORTS.map((sort) => [sort, `sort_${sort}`]), asked.sort,
    { change: () => change({ sort: order.value, descending: order.value === "updated" ? "1" : "0" }) });
  const withOwn = (values, own) => (own && own !== "-" && !values.includes(own) ? [...values, own] : values);
  const draw = ({ categories, owners }) => {
    category.replaceWith(choice("category", [["", "any_category"], ["-", "none_given"],
      ...withOwn(categories, asked.category)]));
    owner.replaceWith(choice("owner", [["", "any_owner"], ["-", "none_given"], ...withOwn(owners, asked.owner)]));
  };
  call("GET", "pairs/categories").then(draw, complain);
  return make("form", { class: "fs-filters", role: "search", submit: (event) => event.preventDefault() },
    field("search", typed, { class: "fs-wide" }), category,
    choice("language", [["", "any_language"], ...LANGUAGES.slice(1)]),
    choice("state", [["", "any_state"], ...STATES.map((state) => [state, `state_${state}`])]), owner,
    field("sort", order, { class: "fs-phone" }),
    make("div", { class: "fs-check" }, due, make("label", { for: due.id, say: "due_only" })));
}

function pairList({ total, page, size, pairs }, asked, change, turn) {
  const filtered = ["search", "category", "language", "state", "owner", "due"].some((key) => asked[key]);
  heard(["found_pairs", { n: total }]);
  const head = make("div", { class: "fs-list-head" },
    make("h2", { tabindex: "-1", say: ["found_pairs", { n: total }] }), make("div", { class: "fs-row" },
      filtered && button("filters_clear", { class: "fs-button fs-small" }, () => go("#/pairs")),
      may("editor") && total > 0 && exportMenu(asked)));
  if (!pairs.length) return [head, noPairs(filtered)];
  const sorting = { by: asked.sort, descending: asked.descending === "1", choose: (by) => change({ sort: by,
    descending: by === asked.sort ? (asked.descending === "1" ? "0" : "1") : "0" }) };
  return [head, table("nav_pairs", PAIR_COLUMNS, pairs, sorting), pager(total, page, size, turn)];
}

function noPairs(filtered) {
  if (filtered) return empty("no_pairs_found");
  return may("editor") ? empty("no_pairs", make("div", { class: "fs-row" },
    inward("#/pairs/new", { class: "fs-button" }, words("pair_add")),
    inward("#/imports", { class: "fs-button" }, words("nav_imports")))) : empty("no_pairs_yet");
}

const PAIR_COLUMNS = [
  { title: "column_id", sort: "id", kind: "fs-number", cell: (pair) => `#${pair.id}` },
  { title: "field_question", sort: "question", kind: "fs-main-cell", cell: (pair) => [
    inward(`#/pairs/${pair.id}`, { class: "fs-title" }, pair.question),
    make("span", { class: "fs-line" }, pair.answer)] },
  { title: "field_category", sort: "category", cell: (pair) => pair.category },
  { title: "field_language", kind: "fs-tight", cell: (pair) => words(() => inWords("language", pair.language)) },
  { title: "field_state", cell: (pair) => stateBadge(pair.state) },
  { title: "column_similar", kind: "fs-number", cell: (pair) => words(() => number(pair.similar_count ?? 0)) },
  { title: "column_updated", sort: "updated", cell: (pair) => [onDay(pair.updated_at),
    make("span", { class: "fs-line" }, pair.updated_by)] },
  { title: "field_review_by", sort: "review", cell: (pair) => [pair.review_by && reviewDay(pair.review_by),
    pair.owner && make("span", { class: "fs-line" }, pair.owner)] },
];

function reviewDay(at) {
  const due = at <= today();
  return make("time", { datetime: at, class: due ? "fs-due" : "", say: () => (due ? text("due_since", { day: day(at) })
    : day(at)) });
}

// What is filtered, as a file. The browser fetches it itself: it may be large.
function exportMenu(asked) {
  const kept = only(asked, ["search", "category", "language", "state"]);
  return make("details", { class: "fs-export" }, make("summary", { class: "fs-button fs-small", say: "export_these" }),
    make("ul", {}, FORMATS.map((format) => make("li", {}, exportLink(format, kept)))));
}

const exportLink = (format, query = {}) => make("a", { href: `api/${address("export", { format, ...query })}`,
  download: "", say: `format_${format}` });
