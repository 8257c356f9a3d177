// Dialogs: what must be decided before one goes on. Escape closes them, and the focus goes back to where it was.

// Shows it until it is closed; gives the value of the button then. buttons: [value, text, class]; "" only closes it, so
// that Enter in a field of the content is never taken for it.
function dialog(title, content, buttons, kind = "") {
  const heading = make("h2", { id: newId(), say: title, tabindex: "-1" });
  const node = make("dialog", { class: `fs-dialog ${kind}`, "aria-labelledby": heading.id },
    make("form", { method: "dialog" }, heading, make("div", { class: "fs-dialog-body" }, content),
      make("div", { class: "fs-dialog-buttons" }, buttons.map(([value, said, look]) =>
        make("button", { value, class: look ?? "fs-button", say: said, type: value ? "submit" : "button",
          click: (event) => value || event.target.closest("dialog").close("") })))));
  page.append(node);
  node.showModal();
  return new Promise((done) => node.addEventListener("close", () => {
    node.remove();
    done(node.returnValue);
  }));
}

async function ask(title, said, yes, look = "fs-button fs-strong") {
  const buttons = [["", "cancel"], ["yes", yes, look]];
  return (await dialog(title, said && paragraph(said), buttons)) === "yes";
}

// Fields in a dialog, sent by act; what is refused is said inside, and nothing typed is lost. True if it was done.
async function fill(title, content, yes, act) {
  const trouble = make("div", { class: "fs-trouble" });
  const body = make("div", {}, content, trouble);
  const shown = dialog(title, body, [["", "cancel"], ["yes", yes, "fs-button fs-strong"]]);
  const form = body.closest("form");
  let done = false;
  form.addEventListener("submit", async (event) => {
    const pressed = event.submitter;
    if (pressed?.value !== "yes") return;
    event.preventDefault();
    if (pressed.getAttribute("aria-disabled")) return;
    try {
      await during(pressed, act);
      done = true;
      form.closest("dialog").close();
    } catch (error) {
      trouble.replaceChildren(problem(error));
    }
  });
  await shown;
  return done;
}

// Searching for a pair to choose it: the best eight for what is typed. chosen(pair). The field has not type search: in
// that, Escape empties the field and leaves the dialog open.
function pairPicker(said, chosen, searched = "") {
  const found = make("ul", { class: "fs-picks" });
  const typed = input({ enterkeyhint: "search", value: searched, placeholder: "pick_placeholder", maxlength: "500",
    input: () => soon(), keydown: (event) => {
      if (event.key === "Enter") event.preventDefault();
      if (event.key === "ArrowDown") found.querySelector("button")?.focus();
    } });
  const search = async () => {
    if (!typed.value.trim()) return found.replaceChildren();
    try {
      const asked = address("pairs", { search: typed.value.trim(), size: 8 });
      const { pairs } = await call("GET", asked, { lane: "picker" });
      const open = pairs.filter((pair) => pair.state !== "withdrawn");
      found.replaceChildren(...open.map((pair) => make("li", {}, pick(pair))));
      if (!open.length) found.append(make("li", {}, paragraph("pick_nothing", { class: "fs-hint" })));
      heard(["found_pairs", { n: open.length }]);
    } catch (error) {
      found.replaceChildren(make("li", {}, problem(error, search)));
    }
  };
  const pick = (pair) => make("button", { type: "button", class: "fs-pick", click: () => chosen(pair), keydown: among },
    make("span", { class: "fs-quiet" }, `#${pair.id}`), make("strong", {}, pair.question),
    make("span", { class: "fs-line" }, pair.answer));
  const soon = later(250, search);
  if (searched) search();
  return make("div", { class: "fs-picker" }, field(said, typed), found);
}

function among(event) { // up and down through what was found
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  if (!step) return;
  event.preventDefault();
  event.target.closest("li")[step]?.querySelector("button")?.focus();
}
