// What the assistant could not answer, grouped by meaning, what most customers asked first.

const INBOX = { days: "30", language: "", page: "1" };
const GROUPS_A_PAGE = 20;

function inboxView(query) {
  const found = make("div", { class: "fs-found" });
  const filters = make("div");
  let asked = { ...INBOX, ...query };
  const update = async (query) => {
    const turned = query.page && query.page !== asked.page;
    asked = { ...INBOX, ...query };
    filters.replaceChildren(inboxFilters(asked, change));
    await search();
    if (turned) found.querySelector("h2")?.focus({ preventScroll: true });
  };
  const where = (changed) => address("#/inbox", Object.fromEntries(Object.entries({ ...asked, ...changed })
    .filter(([key, value]) => value !== INBOX[key])));
  const change = (changed) => {
    asked = { ...asked, page: "1", ...changed };
    rewrite(where({}));
    search();
  };
  const search = () => load(found, () => call("GET", address("inbox", { ...asked, size: GROUPS_A_PAGE }),
    { lane: "inbox" }), (answer) => groupList(answer, asked, (page) => go(where({ page: String(page) })), search));
  update(query);
  return { title: "nav_inbox", update, node: make("div", {}, heading("nav_inbox"),
    paragraph("inbox_said", { class: "fs-said" }), filters, found) };
}

function inboxFilters(asked, change) {
  const days = select([7, 30, 90].map((n) => [String(n), ["days", { n }]]), asked.days,
    { change: () => change({ days: days.value }) });
  const tongue = select([["", "any_language"], ...LANGUAGES.slice(1)], asked.language,
    { change: () => change({ language: tongue.value }) });
  return make("div", { class: "fs-filters", role: "search" }, field("period", days, { class: "fs-roomy" }),
    field("field_language", tongue));
}

function groupList({ total, turns, groups }, asked, turn, again) {
  const found = ["found_groups", { n: total, turns }];
  heard(found);
  const head = make("div", { class: "fs-list-head" }, make("h2", { tabindex: "-1", say: found }));
  if (!groups.length) return [head, empty("inbox_empty")];
  return [head, make("ol", { class: "fs-groups" }, groups.map((group) => groupItem(group, asked.days, again))),
    pager(total, Number(asked.page), GROUPS_A_PAGE, turn)];
}

function groupItem(group, days, again) {
  const [first, ...others] = group.sample;
  return make("li", { class: "fs-card fs-group" },
    make("h3", {}, inward(groupAddress(group.key, days), { class: "fs-title", lang: TAGS[group.language] },
      first?.text ?? group.key)),
    groupFacts(group), handledNode(group),
    others.length > 0 && make("details", {}, make("summary", { say: "group_more" }), make("ul", {},
      others.map((turn) => make("li", { lang: TAGS[group.language] }, turn.text)))),
    may("editor") && groupActs(group, days, again));
}

const groupAddress = (key, days, rest = "") => address(`#/inbox/${part(key)}${rest}`,
  { days: days === INBOX.days ? "" : days });

function groupFacts(group) {
  return make("p", { class: "fs-row fs-hint" }, badge(["customers", { n: group.customers }], "fs-strong-badge"),
    words(["turns", { n: group.size }]), words(() => inWords("language", group.language)),
    ...Object.entries(group.routes).map(([route, count]) => words(() => `${named("route_", route)} ${number(count)}`)),
    words(["last_at", { at: () => moment(group.last_at) }]));
}

// What became of it, and what share of it is answered now.
function handledNode({ handled, answered }) {
  if (!handled) return null;
  const { how, subject, by, at } = handled;
  return make("p", { class: "fs-done" }, words(() => named("handled_", how)), " ",
    /^\d+$/.test(subject) && pairLink(subject), " · ", name(by), ", ", when(at), answeredNode(answered));
}

function answeredNode(share) {
  if (share === null || share === undefined) return null;
  return make("strong", { class: "fs-answered", say: ["now_answered", { share: () => percent(share) }] });
}

// What can be made of a group. again(): what is shown is read anew.
function groupActs(group, days, again) {
  const act = (what, body) => handled(group.key, days, what, body);
  const { suggestion } = group;
  const after = async (answer, said) => {
    await again();
    announce(said, " ", answeredNode(answer.answered));
  };
  const add = async (id) => after(await act("similar", { pair_id: id }), "similar_added");
  const choosePair = async () => {
    let picked = null;
    const chosen = make("p", { class: "fs-hint", role: "status", say: "pick_first" });
    const picker = pairPicker("add_to_which", (pair) => {
      picked = pair;
      chosen.replaceChildren(words("picked"), ` #${pair.id} ${pair.question}`);
      delete chosen.dataset.said;
    }, group.sample[0]?.text ?? "");
    await fill("add_to_title", [picker, chosen], "add_to_yes", async () => {
      if (!picked) throw new Refused(400, { code: "pick_first" });
      await add(picked.id);
    });
  };
  const outside = async () => {
    if (!(await ask("outside_title", ["outside_said", { n: group.size }], "outside_yes"))) return;
    const answer = await act("outside", {});
    await after(answer, ["outside_done", { n: answer.labelled }]);
  };
  return make("div", { class: "fs-row fs-acts" },
    inward(groupAddress(group.key, days, "/pair"), { class: "fs-button fs-small fs-strong" }, words("make_pair")),
    suggestion && button(["add_to", { id: suggestion.pair_id }], { class: "fs-button fs-small",
      hint: () => suggestion.question }, async () => {
      const said = ["add_to_said", { n: group.size, question: suggestion.question }];
      if (await ask("add_to_title", said, "add_to_yes")) await add(suggestion.pair_id);
    }),
    button("add_to_other", { class: "fs-button fs-small" }, choosePair),
    button("outside", { class: "fs-button fs-small" }, outside),
    group.handled && button("measure", { class: "fs-button fs-small" }, async () =>
      after(await call("POST", groupPath(group.key, days, "/again"), { body: {} }), "measured")));
}

const groupPath = (key, days, rest = "") => address(`inbox/${part(key)}${rest}`, { days });

// Does something about a group. If somebody else has meanwhile, one is asked first.
async function handled(key, days, what, body) {
  try {
    return await call("POST", groupPath(key, days, `/${what}`), { body });
  } catch (error) {
    if (error.code !== "handled" || !(await ask("handled_title", sentence(error), "handled_anyway"))) throw error;
    return call("POST", groupPath(key, days, `/${what}`), { body: { ...body, anyway: true } });
  }
}
