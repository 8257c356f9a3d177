// What a pair or a template was: each revision with what changed in it, newest first; any of them can be brought back.

const SHOWN_OPEN = 3; // the newest ones; the others' differences are worked out when they are opened

function pairHistoryView(id) {
  const region = make("div");
  const title = ["history_of", { id }];
  const again = () => load(region, () => call("GET", `pairs/${part(id)}/history`), ({ revisions }) =>
    revisionList(revisions, (one, before) => pairDifference(before?.pair ?? null, one.pair),
      (one) => goBack(`pairs/${part(id)}/back`, one.revision, revisions[0].revision, again)));
  again();
  return { title, node: make("div", {}, heading(title,
    inward(`#/pairs/${part(id)}`, { class: "fs-button" }, words("to_pair"))), region) };
}

// revisions: newest first, { revision, at, by, kind? }; difference(one, before): a node, or null; back(one).
function revisionList(revisions, difference, back) {
  if (!revisions.length) return empty("history_empty");
  const item = (one, index) => {
    const changes = make("div", { class: "fs-changes-of" });
    const draw = () => changes.childElementCount || changes.append(difference(one, revisions[index + 1])
      ?? paragraph("history_same", { class: "fs-hint" }));
    const details = make("details", { open: index < SHOWN_OPEN, toggle: () => details.open && draw() },
      make("summary", {}, make("strong", { say: ["revision", { n: () => number(one.revision) }] }), " ",
        one.kind && badge(() => named("kind_", one.kind)), " ", one.revision === 0 && words("as_in_file"),
        one.by && [name(one.by), ", "], one.at && when(one.at)),
      changes);
    if (details.open) draw();
    return make("li", { class: "fs-revision" }, details, index > 0 && may("editor")
      && button("bring_back", { class: "fs-button fs-small" }, () => back(one)));
  };
  return make("ol", { class: "fs-history" }, revisions.map(item));
}

async function goBack(path, to, revision, again) {
  const said = ["bring_back_said", { to }];
  if (!(await ask("bring_back_title", said, "bring_back"))) return;
  try {
    await call("POST", path, { body: { to, revision } });
  } catch (error) {
    if (error.code === "changed") throw new Refused(409, { code: "changed_meanwhile" });
    throw error;
  }
  await again();
  announce("brought_back");
  find("#fs-main h1").focus();
}
