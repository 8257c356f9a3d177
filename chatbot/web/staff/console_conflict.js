// Two people changed the same: mine and theirs beside each other, and one of them chosen for each field.

// fields: { key, said, base, mine, theirs, words(value) }; now: what they saved, with updated_by and updated_at.
// Gives the chosen values by key, or null if it was put off; nothing is saved here.
async function choose(fields, now) {
  const differing = fields.filter(({ mine, theirs }) => !same(mine, theirs));
  const rows = differing.map(choiceOf);
  const all = (side) => button(side === "mine" ? "all_mine" : "all_theirs", { class: "fs-button fs-small" }, () =>
    rows.forEach((row) => row.take(side)));
  const missing = paragraph("choose_all", { class: "fs-missing", role: "alert", hidden: true });
  const content = make("div", {}, make("p", {}, words(["changed_said", { who: now.updated_by ?? "?",
    at: () => moment(now.updated_at) }])), make("div", { class: "fs-row" }, all("mine"), all("theirs")),
  rows.map((row) => row.node), missing);
  content.addEventListener("change", () => { missing.hidden = true; });
  const buttons = [["", "back_to_editing"], ["yes", "save_choice", "fs-button fs-strong"]];
  const shown = dialog("changed_title", content, buttons, "fs-large");
  content.closest("form").addEventListener("submit", (event) => {
    const open = rows.find((row) => !row.chosen());
    if (!open) return;
    event.preventDefault();
    missing.hidden = false;
    open.node.querySelector("input").focus();
  });
  if (!(await shown)) return null;
  return Object.fromEntries(fields.map(({ key, mine }) => {
    const row = rows.find((row) => row.key === key);
    return [key, row ? row.chosen() === "mine" ? row.mine : row.theirs : mine];
  }));
}

// Where only one of the two changed a field, theirs or mine is proposed; where both did, nothing is.
function choiceOf({ key, said, base, mine, theirs, words: read }) {
  const group = newId();
  const proposed = same(base, theirs) ? "mine" : same(base, mine) ? "theirs" : "";
  const card = (side, title, content) => {
    const radio = make("input", { type: "radio", name: group, value: side, id: newId(), checked: proposed === side });
    return make("label", { class: "fs-side-card", for: radio.id }, make("span", { class: "fs-row" }, radio,
      make("strong", { say: title })), content);
  };
  const node = make("fieldset", { class: "fs-choice" }, make("legend", { say: said }),
    paragraph({ mine: "only_mine", theirs: "only_theirs", "": "both_changed" }[proposed], { class: "fs-hint" }),
    make("div", { class: "fs-sides" },
      card("mine", "mine", make("div", { class: "fs-difference" }, read(mine) || words("nothing"))),
      card("theirs", "theirs", read(theirs) ? differenceNode(read(mine), read(theirs)) : words("nothing"))));
  return {
    key, node, mine, theirs,
    chosen: () => node.querySelector("input:checked")?.value ?? "",
    take: (side) => { node.querySelector(`input[value="${side}"]`).checked = true; },
  };
}
