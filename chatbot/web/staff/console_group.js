// One group of the inbox: all that was said, and a new pair made of it.

function groupView(key, { days = INBOX.days }) {
  const region = make("div");
  const again = () => load(region, () => call("GET", groupPath(key, days)), ({ group, turns }) =>
    [make("p", { class: "fs-title" }, group.sample[0]?.text), groupFacts(group), handledNode(group),
      may("editor") && groupActs(group, days, again),
      section("group_turns", table("group_turns", TURN_COLUMNS, turns))]);
  again();
  return { title: "group_title", node: make("div", {}, heading("group_title",
    inward("#/inbox", { class: "fs-button" }, words("to_inbox"))), region) };
}

const TURN_COLUMNS = [
  { title: "turn_text", kind: "fs-main-cell", cell: (turn) => make("span", { lang: TAGS[turn.language] }, turn.text) },
  { title: "turn_route", kind: "fs-tight", cell: (turn) => words(() => named("route_", turn.route)) },
  { title: "turn_intent", cell: (turn) => turn.intent && [make("code", {}, turn.intent), " ",
    make("span", { class: "fs-quiet" }, score(turn.confidence))] },
  { title: "turn_rating", kind: "fs-tight", cell: ({ rating }) => rating !== 0
    && words(rating > 0 ? "rating_up" : "rating_down") },
  { title: "turn_at", cell: (turn) => when(turn.at) },
];

const GROUP_FIELDS = ["question", "answer", "similar", "category", "language"];

function groupPairView(key, { days = INBOX.days }) {
  const region = make("div");
  load(region, () => Promise.all([call("GET", groupPath(key, days)), call("GET", "pairs/categories")]),
    ([{ group, texts }, lists]) => {
      const form = pairForm(EMPTY_PAIR, GROUP_FIELDS, lists);
      const written = editor({ place: `inbox/${key}`, base: pairOf(group, texts), form, beside: advicePanel(form.read),
        saveText: "make_pair_yes", save: async (pair) => {
          const made = await duplicateTold(written.trouble, () => handled(key, days, "pair", pair));
          if (!made || !written.node.isConnected) return;
          written.unsaved.drop();
          open.unsaved = NOTHING_UNSAVED;
          go(groupAddress(key, days));
          announce(["pair_added", { id: made.pair.id }], " ", answeredNode(made.answered));
        } });
      open.unsaved = written.unsaved;
      return [groupFacts(group), written.node];
    });
  return { title: "group_pair", node: make("div", {}, heading("group_pair",
    inward(groupAddress(key, days), { class: "fs-button" }, words("to_group"))), region) };
}

// A first form of the pair: what is nearest the middle is the question, what else was said is similar to it. Texts that
// hold something of a customer's own are not offered.
function pairOf(group, texts) {
  const [question, ...similar] = texts.filter((wording) => wording.offered).map((wording) => wording.text);
  return { ...EMPTY_PAIR, question: question ?? "", similar, language: group.language };
}
